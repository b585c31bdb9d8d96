//! The games: every ROM of ale-py 0.12.1 that has a `-v5` id there and that ALE 0.6 knows.
//!
//! MD5 as in ale-py's `roms/md5.json`; actions and rows as both versions of ALE give them, which
//! `tests/atari.rs` checks.

/// What is known about a game before its ROM is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Game {
    /// Name and version, as ale-py calls it.
    pub id: &'static str,
    /// The name of its ROM, without `.bin`.
    pub rom: &'static str,
    /// The MD5 of its ROM, in hexadecimals.
    pub md5: &'static str,
    /// How many actions do something.
    pub minimal: u32,
    /// How many actions there are.
    pub legal: u32,
    /// Rows of its screen; columns are 160.
    pub rows: usize,
}

/// Calls the macro `$then` with all games.
macro_rules! games {
    ($then:ident) => {
        $then! {
            ("ALE/Adventure-v5", "adventure", "4b27f5397c442d25f0c418ccdacf1926", 18, 18, 250);
            ("ALE/AirRaid-v5", "air_raid", "35be55426c1fec32dfb503b4f0651572", 6, 18, 250);
            ("ALE/Alien-v5", "alien", "f1a0a23e6464d954e3a9579c4ccd01c8", 18, 18, 210);
            ("ALE/Amidar-v5", "amidar", "acb7750b4d0c4bd34969802a7deb2990", 10, 18, 210);
            ("ALE/Assault-v5", "assault", "de78b3a064d374390ac0710f95edde92", 7, 18, 210);
            ("ALE/Asterix-v5", "asterix", "89a68746eff7f266bbf08de2483abe55", 9, 18, 210);
            ("ALE/Asteroids-v5", "asteroids", "ccbd36746ed4525821a8083b0d6d2c2c", 14, 18, 210);
            ("ALE/Atlantis-v5", "atlantis", "9ad36e699ef6f45d9eb6c4cf90475c9f", 4, 18, 210);
            ("ALE/BankHeist-v5", "bank_heist", "00ce0bdd43aed84a983bef38fe7f5ee3", 18, 18, 210);
            ("ALE/BattleZone-v5", "battle_zone", "41f252a66c6301f1e8ab3612c19bc5d4", 18, 18, 210);
            ("ALE/BeamRider-v5", "beam_rider", "79ab4123a83dc11d468fb2108ea09e2e", 9, 18, 210);
            ("ALE/Berzerk-v5", "berzerk", "136f75c4dd02c29283752b7e5799f978", 18, 18, 210);
            ("ALE/Bowling-v5", "bowling", "c9b7afad3bfd922e006a6bfc1d4f3fe7", 6, 18, 210);
            ("ALE/Boxing-v5", "boxing", "c3ef5c4653212088eda54dc91d787870", 18, 18, 210);
            ("ALE/Breakout-v5", "breakout", "f34f08e5eb96e500e851a80be3277a56", 4, 18, 210);
            ("ALE/Carnival-v5", "carnival", "028024fb8e5e5f18ea586652f9799c96", 6, 18, 214);
            ("ALE/Centipede-v5", "centipede", "91c2098e88a6b13f977af8c003e0bca5", 18, 18, 210);
            ("ALE/ChopperCommand-v5", "chopper_command", "c1cb228470a87beb5f36e90ac745da26", 18, 18, 210);
            ("ALE/CrazyClimber-v5", "crazy_climber", "55ef7b65066428367844342ed59f956c", 9, 18, 210);
            ("ALE/Defender-v5", "defender", "0f643c34e40e3f1daafd9c524d3ffe64", 18, 18, 210);
            ("ALE/DemonAttack-v5", "demon_attack", "f0e0addc07971561ab80d9abe1b8d333", 6, 18, 210);
            ("ALE/DonkeyKong-v5", "donkey_kong", "36b20c427975760cb9cf4a47e41369e4", 18, 18, 210);
            ("ALE/DoubleDunk-v5", "double_dunk", "368d88a6c071caba60b4f778615aae94", 18, 18, 210);
            ("ALE/ElevatorAction-v5", "elevator_action", "71f8bacfbdca019113f3f0801849057e", 18, 18, 210);
            ("ALE/Enduro-v5", "enduro", "94b92a882f6dbaa6993a46e2dcc58402", 9, 18, 210);
            ("ALE/FishingDerby-v5", "fishing_derby", "b8865f05676e64f3bec72b9defdacfa7", 18, 18, 210);
            ("ALE/Freeway-v5", "freeway", "8e0ab801b1705a740b476b7f588c6d16", 3, 18, 210);
            ("ALE/Frogger-v5", "frogger", "081e2c114c9c20b61acf25fc95c71bf4", 5, 18, 210);
            ("ALE/Frostbite-v5", "frostbite", "4ca73eb959299471788f0b685c3ba0b5", 18, 18, 210);
            ("ALE/Galaxian-v5", "galaxian", "211774f4c5739042618be8ff67351177", 6, 18, 210);
            ("ALE/Gopher-v5", "gopher", "c16c79aad6272baffb8aae9a7fff0864", 8, 18, 210);
            ("ALE/Gravitar-v5", "gravitar", "8ac18076d01a6b63acf6e2cab4968940", 18, 18, 210);
            ("ALE/Hero-v5", "hero", "fca4a5be1251927027f2c24774a02160", 18, 18, 210);
            ("ALE/IceHockey-v5", "ice_hockey", "a4c08c4994eb9d24fb78be1793e82e26", 18, 18, 210);
            ("ALE/Jamesbond-v5", "jamesbond", "e51030251e440cffaab1ac63438b44ae", 18, 18, 210);
            ("ALE/JourneyEscape-v5", "journey_escape", "718ae62c70af4e5fd8e932fee216948a", 16, 18, 230);
            ("ALE/Kaboom-v5", "kaboom", "5428cdfada281c569c74c7308c7f2c26", 4, 18, 210);
            ("ALE/Kangaroo-v5", "kangaroo", "4326edb70ff20d0ee5ba58fa5cb09d60", 18, 18, 210);
            ("ALE/KeystoneKapers-v5", "keystone_kapers", "6c1f3f2e359dbf55df462ccbcdd2f6bf", 14, 18, 250);
            ("ALE/KingKong-v5", "king_kong", "0dd4c69b5f9a7ae96a7a08329496779a", 6, 18, 250);
            ("ALE/Koolaid-v5", "koolaid", "534e23210dd1993c828d944c6ac4d9fb", 9, 18, 210);
            ("ALE/Krull-v5", "krull", "4baada22435320d185c95b7dd2bcdb24", 18, 18, 210);
            ("ALE/KungFuMaster-v5", "kung_fu_master", "5b92a93b23523ff16e2789b820e2a4c5", 14, 18, 210);
            ("ALE/LaserGates-v5", "laser_gates", "8e4cd60d93fcde8065c1a2b972a26377", 18, 18, 250);
            ("ALE/LostLuggage-v5", "lost_luggage", "2d76c5d1aad506442b9e9fb67765e051", 9, 9, 210);
            ("ALE/MontezumaRevenge-v5", "montezuma_revenge", "3347a6dd59049b15a38394aa2dafa585", 18, 18, 210);
            ("ALE/MrDo-v5", "mr_do", "aa7bb54d2c189a31bb1fa20099e42859", 10, 18, 250);
            ("ALE/MsPacman-v5", "ms_pacman", "87e79cd41ce136fd4f72cc6e2c161bee", 9, 18, 210);
            ("ALE/NameThisGame-v5", "name_this_game", "36306070f0c90a72461551a7a4f3a209", 6, 18, 210);
            ("ALE/Phoenix-v5", "phoenix", "7e52a95074a66640fcfde124fffd491a", 8, 18, 210);
            ("ALE/Pitfall-v5", "pitfall", "3e90cf23106f2e08b2781e41299de556", 18, 18, 210);
            ("ALE/Pong-v5", "pong", "60e0ea3cbe0913d39803477945e9e5ec", 6, 18, 210);
            ("ALE/Pooyan-v5", "pooyan", "4799a40b6e889370b7ee55c17ba65141", 6, 18, 220);
            ("ALE/PrivateEye-v5", "private_eye", "ef3a4f64b6494ba770862768caf04b86", 18, 18, 210);
            ("ALE/Qbert-v5", "qbert", "484b0076816a104875e00467d431c2d2", 6, 18, 210);
            ("ALE/Riverraid-v5", "riverraid", "393948436d1f4cc3192410bb918f9724", 18, 18, 210);
            ("ALE/RoadRunner-v5", "road_runner", "ce5cc62608be2cd3ed8abd844efb8919", 18, 18, 210);
            ("ALE/Robotank-v5", "robotank", "4f618c2429138e0280969193ed6c107e", 18, 18, 210);
            ("ALE/Seaquest-v5", "seaquest", "240bfbac5163af4df5ae713985386f92", 18, 18, 210);
            ("ALE/SirLancelot-v5", "sir_lancelot", "dd0cbe5351551a538414fb9e37fc56e8", 6, 18, 250);
            ("ALE/Skiing-v5", "skiing", "b76fbadc8ffb1f83e2ca08b6fb4d6c9f", 3, 9, 210);
            ("ALE/Solaris-v5", "solaris", "e72eb8d4410152bdcb69e7fba327b420", 18, 18, 210);
            ("ALE/SpaceInvaders-v5", "space_invaders", "72ffbef6504b75e69ee1045af9075f66", 6, 18, 210);
            ("ALE/StarGunner-v5", "star_gunner", "a3c1c70024d7aabb41381adbfb6d3b25", 18, 18, 210);
            ("ALE/Tennis-v5", "tennis", "42cdd6a9e42a3639e190722b8ea3fc51", 18, 18, 210);
            ("ALE/Tetris-v5", "tetris", "b0e1ee07fbc73493eac5651a52f90f00", 5, 18, 210);
            ("ALE/TimePilot-v5", "time_pilot", "fc2104dd2dadf9a6176c1c1c8f87ced9", 10, 18, 210);
            ("ALE/Trondead-v5", "trondead", "fb27afe896e7c928089307b32e5642ee", 18, 18, 210);
            ("ALE/Turmoil-v5", "turmoil", "7a5463545dfb2dcfdafa6074b2f2c15e", 12, 18, 210);
            ("ALE/Tutankham-v5", "tutankham", "085322bae40d904f53bdcc56df0593fc", 8, 18, 210);
            ("ALE/UpNDown-v5", "up_n_down", "a499d720e7ee35c62424de882a3351b6", 6, 18, 210);
            ("ALE/Venture-v5", "venture", "3e899eba0ca8cd2972da1ae5479b4f0d", 18, 18, 210);
            ("ALE/VideoPinball-v5", "video_pinball", "107cc025334211e6d29da0b6be46aec7", 9, 18, 210);
            ("ALE/WizardOfWor-v5", "wizard_of_wor", "7e8aa18bc9502eb57daaf5e7c1e94da7", 10, 18, 210);
            ("ALE/YarsRevenge-v5", "yars_revenge", "c5930d0e8cdae3e037349bfa08e871be", 18, 18, 210);
            ("ALE/Zaxxon-v5", "zaxxon", "eea0da9b987d661264cce69a7c13c3bd", 18, 18, 210);
        }
    };
}

macro_rules! table {
    ($(($id:literal, $rom:literal, $md5:literal, $minimal:literal, $legal:literal, $rows:literal);)*) => {
        /// All games.
        pub static GAMES: &[Game] = &[$(Game {
            id: $id, rom: $rom, md5: $md5, minimal: $minimal, legal: $legal, rows: $rows,
        }),*];
    };
}

games!(table);

pub(super) use games;
