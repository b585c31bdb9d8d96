//! One Atari 2600: a safe, silent handle on an instance of the Arcade Learning Environment.

use std::ffi::CString;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Mutex, Once, PoisonError};

use ale_sys as ale;

use super::power;

// ale-sys names neither of the libraries that its static library calls.
#[link(name = "stdc++")]
#[link(name = "z")]
unsafe extern "C" {}

/// Bytes of the console's memory.
pub const RAM: usize = 128;
/// The seed of the console's own generator in ALE 0.12, its setting `system_random_seed`.
const SYSTEM_SEED: i32 = 4_753_849;
/// The logger's level that lets errors alone pass; ALE ends the process after each of those.
const ERRORS_ALONE: i32 = 2;

/// An emulator with a game in it.
///
/// `act` is deterministic: ALE's own sticky actions are off.
pub(super) struct Emulator {
    ale: NonNull<ale::ALEInterface>,
    /// Rows and columns of the screen.
    pub screen: (usize, usize),
    /// The state after the reset that follows power-up.
    started: Vec<u8>,
    /// The console's own generator, which ALE 0.12 keeps apart from that of the actions.
    system: String,
}

// SAFETY: an instance shares nothing with others but tables that are constant once one instance
// exists, and `NEW` orders their construction; nothing in it belongs to a thread.
unsafe impl Send for Emulator {}

/// Held while an instance is made.
static NEW: Mutex<()> = Mutex::new(());
static QUIET: Once = Once::new();

impl Emulator {
    /// Inserts this ROM, which must be a file of a supported game under ALE's name for it: ALE ends
    /// the process otherwise. An error says what is unlike ALE 0.6 on Linux.
    pub fn new(rom: &Path) -> Result<Self, String> {
        let path = CString::new(rom.as_os_str().as_encoded_bytes()).map_err(|e| e.to_string())?;
        let _guard = NEW.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: plain calls of ALE's C interface in the order that it asks for; every string
        // outlives its call, the keys exist, and the file is a supported ROM.
        let (ale, screen) = unsafe {
            QUIET.call_once(|| ale::setLoggerMode(ERRORS_ALONE));
            let ale = NonNull::new(ale::ALE_new()).ok_or("ALE made no instance")?;
            ale::setInt(ale.as_ptr(), c"random_seed".as_ptr(), SYSTEM_SEED);
            ale::setFloat(ale.as_ptr(), c"repeat_action_probability".as_ptr(), 0.0);
            ale::loadROM(ale.as_ptr(), path.as_ptr());
            let size = (ale::getScreenHeight(ale.as_ptr()), ale::getScreenWidth(ale.as_ptr()));
            (ale, (size.0 as usize, size.1 as usize))
        };
        let mut emulator = Self { ale, screen, started: Vec::new(), system: String::new() };
        emulator.restore(&power::rewound(&emulator.save())?);
        // SAFETY: the instance holds a ROM and is used here alone.
        unsafe { power::up(emulator.ale)? };
        emulator.reset_game();
        emulator.started = emulator.save();
        Ok(emulator)
    }

    /// Switches the console off and on, and starts a game, as loadROM and reset_game of ALE 0.12 do.
    pub fn restart(&mut self) -> Result<(), String> {
        self.restore(&self.started.clone());
        self.reset_game();
        self.system = power::generator(&self.save())?.to_owned();
        Ok(())
    }

    /// Starts the next game, as reset_game of ALE 0.12 does.
    pub fn reset(&mut self) -> Result<(), String> {
        self.restore(&power::with_generator(&self.save(), &self.system)?);
        self.reset_game();
        self.system = power::generator(&self.save())?.to_owned();
        Ok(())
    }

    fn reset_game(&mut self) {
        // SAFETY: the pointer is the instance that this owns.
        unsafe { ale::reset_game(self.ale.as_ptr()) }
    }

    /// Emulates one frame with this of ALE's actions held; gives the points that it won.
    #[inline]
    pub fn act(&mut self, action: i32) -> i32 {
        // SAFETY: as in `reset_game`.
        unsafe { ale::act(self.ale.as_ptr(), action) }
    }

    /// Whether the game is over.
    #[inline]
    pub fn over(&self) -> bool {
        // SAFETY: as in `reset_game`.
        unsafe { ale::game_over(self.ale.as_ptr()) }
    }

    /// How many lives are left.
    #[inline]
    pub fn lives(&self) -> i32 {
        // SAFETY: as in `reset_game`.
        unsafe { ale::lives(self.ale.as_ptr()) }
    }

    /// The actions that the game knows: those that do something, or all.
    pub fn actions(&self, all: bool) -> Vec<i32> {
        // SAFETY: as in `reset_game`; the buffer has as many places as ALE says that it fills.
        unsafe {
            let ale = self.ale.as_ptr();
            let n = if all { ale::getLegalActionSize(ale) } else { ale::getMinimalActionSize(ale) };
            let mut actions = vec![0; n as usize];
            match all {
                true => ale::getLegalActionSet(ale, actions.as_mut_ptr()),
                false => ale::getMinimalActionSet(ale, actions.as_mut_ptr()),
            }
            actions
        }
    }

    /// Writes the screen's brightness, rows times columns bytes.
    pub fn gray(&self, screen: &mut [u8]) {
        assert_eq!(screen.len(), self.screen.0 * self.screen.1);
        // SAFETY: as in `reset_game`; ALE fills one byte a pixel.
        unsafe { ale::getScreenGrayscale(self.ale.as_ptr(), screen.as_mut_ptr()) }
    }

    /// Writes the screen's colours, rows times columns times (red, green, blue).
    pub fn rgb(&self, screen: &mut [u8]) {
        assert_eq!(screen.len(), self.screen.0 * self.screen.1 * 3);
        // SAFETY: as in `reset_game`; ALE fills three bytes a pixel.
        unsafe { ale::getScreenRGB(self.ale.as_ptr(), screen.as_mut_ptr()) }
    }

    /// The console's memory.
    pub fn ram(&self) -> [u8; RAM] {
        let mut ram = [0; RAM];
        // SAFETY: as in `reset_game`; ALE fills 128 bytes.
        unsafe { ale::getRAM(self.ale.as_ptr(), ram.as_mut_ptr()) };
        ram
    }

    /// The whole state of the console, its own generator's included.
    pub fn save(&self) -> Vec<u8> {
        // SAFETY: the state is made, read and deleted here; the buffer has the length that ALE fills.
        unsafe {
            let state = ale::cloneSystemState(self.ale.as_ptr());
            let len = ale::encodeStateLen(state);
            let mut bytes = vec![0u8; len as usize];
            ale::encodeState(state, bytes.as_mut_ptr().cast(), len);
            ale::deleteState(state);
            bytes
        }
    }

    /// Takes back what [`Emulator::save`] gave for the same game. The screen stays until the next frame.
    pub fn restore(&mut self, bytes: &[u8]) {
        // SAFETY: the state is made, read and deleted here. Callers pass bytes that ALE wrote, which
        // [`crate::state`] has checked where they come from outside.
        unsafe {
            let state = ale::decodeState(bytes.as_ptr().cast(), bytes.len() as i32);
            ale::restoreSystemState(self.ale.as_ptr(), state);
            ale::deleteState(state);
        }
    }

    /// The console's own generator, for [`Emulator::set_system`] of a restored instance.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// Sets the generator that the next reset draws from.
    pub fn set_system(&mut self, generator: String) {
        self.system = generator;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // SAFETY: the instance is this one's alone and nothing uses it afterwards.
        unsafe { ale::ALE_del(self.ale.as_ptr()) }
    }
}
