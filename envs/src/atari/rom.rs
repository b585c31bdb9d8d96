//! Where ROMs lie, and whether they are the right ones.

use std::fs;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use super::games::Game;
use crate::{EnvError, simulators};

/// The ROM of a game where scripts/fetch-simulators puts it, checked.
pub(super) fn find(game: &Game) -> Result<PathBuf, EnvError> {
    find_in(&simulators::folder().join("ale_py/roms"), game)
}

fn find_in(folder: &Path, game: &Game) -> Result<PathBuf, EnvError> {
    let path = folder.join(format!("{}.bin", game.rom));
    let wrong = |found: String| EnvError::Rom {
        id: game.id,
        path: path.display().to_string(),
        found,
        allowed: game.md5,
    };
    let bytes = fs::read(&path).map_err(|e| wrong(e.to_string()))?;
    let found: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    match found == game.md5 {
        true => Ok(path),
        false => Err(wrong(format!("a file of MD5 {found}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::games::GAMES;
    use super::find_in;

    #[test]
    fn a_missing_and_a_wrong_rom_are_named_with_the_way_to_the_right_one() {
        let folder = std::env::temp_dir().join(format!("sparring-roms-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("pong.bin"), b"not Pong").unwrap();
        let message = |rom: &str| {
            let game = GAMES.iter().find(|game| game.rom == rom).unwrap();
            find_in(&folder, game).unwrap_err().to_string()
        };
        let (missing, wrong) = (message("qbert"), message("pong"));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(missing.contains("`ALE/Qbert-v5`") && missing.contains("qbert.bin"), "{missing}");
        assert!(missing.contains("No such file"), "{missing}");
        for part in ["pong.bin", "MD5 60e0ea3cbe0913d39803477945e9e5ec", "scripts/fetch-simulators"]
        {
            assert!(wrong.contains(part), "{wrong}");
        }
    }
}
