//! The console's chance as ALE 0.12 has it, in ALE 0.6.
//!
//! At power-up memory holds noise, and ALE runs the game for 60 frames to see its picture's format; at
//! every reset the timer starts at a random count. Some games draw their own chance from either. ALE 0.12
//! takes both from a generator of the console, a Mersenne Twister with a fixed seed, and sticky actions
//! from another. ALE 0.6 has one generator for all: seeded with ALE 0.12's seed of the console its memory
//! is the same, but it seeds it anew before the first reset and draws two numbers from it in every frame,
//! so the timers are others. Assault, BeamRider, Boxing, DemonAttack and FishingDerby then play another
//! game within seconds.
//!
//! The remedy has two parts. After loadROM the console is made once more, with the generator at its start,
//! and the first reset goes on from there; and before every later reset the generator takes the place where
//! the reset before left it. ALE's C interface offers neither. The console is made by
//! `OSystem::createConsole`, by its name in the library; and a saved state holds the generator:
//!
//! | part of a state | form |
//! |---|---|
//! | 6 whole numbers | of 4 bytes, little-endian; so are all |
//! | the console | its length, then its bytes, and among these: |
//! | · generator | a text: the 624 words of its state in decimals, then how many of them are drawn |
//! | 2 whole numbers | |
//!
//! A text is its length, then its bytes; the generator's is that of libstdc++.

use std::ffi::{c_char, c_void};
use std::ops::Range;
use std::ptr::NonNull;

use ale_sys::ALEInterface;

/// Words of a Mersenne Twister's state.
const WORDS: usize = 624;
/// Where the length of the console's bytes stands.
const CONSOLE: usize = 6 * 4;

unsafe extern "C" {
    /// `bool OSystem::createConsole(const std::string &romfile)`; an empty name takes the ROM that is there.
    #[link_name = "_ZN7OSystem13createConsoleERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"]
    fn create_console(system: *mut c_void, rom: *const CppString) -> bool;
}

/// An empty `std::string` of libstdc++.
#[repr(C)]
struct CppString {
    start: *const c_char,
    len: usize,
    short: [u8; 16],
}

/// Makes the console of an instance anew: power-up, with the generator that is set.
///
/// # Safety
/// The instance is one of ale-sys 0.1.2 with a ROM in it, and nothing else uses it.
pub(super) unsafe fn up(ale: NonNull<ALEInterface>) -> Result<(), String> {
    let rom = CppString { start: c"".as_ptr(), len: 0, short: [0; 16] };
    // SAFETY: an ALEInterface begins with its `std::unique_ptr<OSystem>`, which is a pointer; the
    // environment looks its console up in it anew at each use.
    let made = unsafe { create_console(*ale.as_ptr().cast::<*mut c_void>(), &rom) };
    if made { Ok(()) } else { Err("it makes no second console".to_owned()) }
}

/// The state after loadROM, with its generator as it was seeded.
pub(super) fn rewound(state: &[u8]) -> Result<Vec<u8>, String> {
    let text = generator(state)?;
    let (words, drawn) = text.rsplit_once(' ').ok_or("the generator's text is one word")?;
    // loadROM seeds the generator just before its reset, which draws the timer and little else; the
    // first draw makes all 624 words, so these are still the first ones.
    match drawn.parse() {
        Ok(drawn) if (1..WORDS).contains(&drawn) => with_generator(state, &format!("{words} 0")),
        _ => Err(format!("{drawn} numbers are drawn after loadROM, not 1")),
    }
}

/// The text of the generator in a state.
pub(super) fn generator(state: &[u8]) -> Result<&str, String> {
    let range = find(state).ok_or("the state holds no generator")?;
    std::str::from_utf8(&state[range]).map_err(|e| e.to_string())
}

/// The state with another generator.
pub(super) fn with_generator(state: &[u8], text: &str) -> Result<Vec<u8>, String> {
    let range = find(state).ok_or("the state holds no generator")?;
    let mut bytes = state[..range.start - 4].to_vec();
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(&state[range.end..]);
    let console = number(state, CONSOLE).ok_or("the state is too short")?;
    let console = console - range.len() as u32 + text.len() as u32;
    bytes[CONSOLE..CONSOLE + 4].copy_from_slice(&console.to_le_bytes());
    Ok(bytes)
}

/// Where the generator's text stands: the last text of 625 decimals.
fn find(state: &[u8]) -> Option<Range<usize>> {
    let part = |byte: &u8| byte.is_ascii_digit() || *byte == b' ';
    (0..state.len().saturating_sub(4)).rev().find_map(|at| {
        let start = at + 4;
        let text = state.get(start..start.checked_add(number(state, at)? as usize)?)?;
        let spaces = || text.iter().filter(|byte| **byte == b' ').count();
        (text.len() > WORDS && text.iter().all(part) && spaces() == WORDS)
            .then_some(start..start + text.len())
    })
}

/// The number at this place.
fn number(state: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*state.get(at..)?.first_chunk()?))
}
