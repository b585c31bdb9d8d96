//! Returns that others have published, as the ends of scales.

/// The two ends of a scale.
pub struct Ends {
    /// The environment, in lower case with `_` between words.
    pub name: &'static str,
    /// What counts as 0.
    pub low: f64,
    /// What counts as 1.
    pub high: f64,
}

const fn ends(name: &'static str, low: f64, high: f64) -> Ends {
    Ends { name, low, high }
}

/// Random play and a professional tester on 57 Atari games, episodes of at most 108,000 frames that begin with up to 30
/// no-ops: the figures of DQN Zoo (google-deepmind/dqn_zoo 359945d, `dqn_zoo/atari_data.py`), which are those of Mnih
/// et al. 2015 and Wang et al. 2016.
#[rustfmt::skip]
pub const ATARI: [Ends; 57] = [
    ends("alien", 227.8, 7127.7),
    ends("amidar", 5.8, 1719.5),
    ends("assault", 222.4, 742.0),
    ends("asterix", 210.0, 8503.3),
    ends("asteroids", 719.1, 47_388.7),
    ends("atlantis", 12_850.0, 29_028.1),
    ends("bank_heist", 14.2, 753.1),
    ends("battle_zone", 2360.0, 37_187.5),
    ends("beam_rider", 363.9, 16_926.5),
    ends("berzerk", 123.7, 2630.4),
    ends("bowling", 23.1, 160.7),
    ends("boxing", 0.1, 12.1),
    ends("breakout", 1.7, 30.5),
    ends("centipede", 2090.9, 12_017.0),
    ends("chopper_command", 811.0, 7387.8),
    ends("crazy_climber", 10_780.5, 35_829.4),
    ends("defender", 2874.5, 18_688.9),
    ends("demon_attack", 152.1, 1971.0),
    ends("double_dunk", -18.6, -16.4),
    ends("enduro", 0.0, 860.5),
    ends("fishing_derby", -91.7, -38.7),
    ends("freeway", 0.0, 29.6),
    ends("frostbite", 65.2, 4334.7),
    ends("gopher", 257.6, 2412.5),
    ends("gravitar", 173.0, 3351.4),
    ends("hero", 1027.0, 30_826.4),
    ends("ice_hockey", -11.2, 0.9),
    ends("jamesbond", 29.0, 302.8),
    ends("kangaroo", 52.0, 3035.0),
    ends("krull", 1598.0, 2665.5),
    ends("kung_fu_master", 258.5, 22_736.3),
    ends("montezuma_revenge", 0.0, 4753.3),
    ends("ms_pacman", 307.3, 6951.6),
    ends("name_this_game", 2292.3, 8049.0),
    ends("phoenix", 761.4, 7242.6),
    ends("pitfall", -229.4, 6463.7),
    ends("pong", -20.7, 14.6),
    ends("private_eye", 24.9, 69_571.3),
    ends("qbert", 163.9, 13_455.0),
    ends("riverraid", 1338.5, 17_118.0),
    ends("road_runner", 11.5, 7845.0),
    ends("robotank", 2.2, 11.9),
    ends("seaquest", 68.4, 42_054.7),
    ends("skiing", -17_098.1, -4336.9),
    ends("solaris", 1236.3, 12_326.7),
    ends("space_invaders", 148.0, 1668.7),
    ends("star_gunner", 664.0, 10_250.0),
    ends("surround", -10.0, 6.5),
    ends("tennis", -23.8, -8.3),
    ends("time_pilot", 3568.0, 5229.2),
    ends("tutankham", 11.4, 167.6),
    ends("up_ndown", 533.4, 11_693.2),
    ends("venture", 0.0, 1187.5),
    ends("video_pinball", 16_256.9, 17_667.9),
    ends("wizard_of_wor", 563.5, 4756.5),
    ends("yars_revenge", 3092.9, 54_576.9),
    ends("zaxxon", 32.5, 9173.3),
];

/// Nothing and the return at a million steps of the dense SAC of Graesser et al. 2022
/// (https://arxiv.org/abs/2206.10369), by whose mean the paper divides SAC and PPO. It gives no numbers: these are read
/// off its curves to about 2 %, on version 2 of the environments.
#[rustfmt::skip]
pub const MUJOCO: [Ends; 5] = [
    ends("ant", 0.0, 4_900.0),
    ends("half_cheetah", 0.0, 11_200.0),
    ends("hopper", 0.0, 2_700.0),
    ends("humanoid", 0.0, 4_700.0),
    ends("walker2d", 0.0, 5_050.0),
];

/// The reference returns of D4RL (Farama-Foundation/D4RL, `infos.py`), without its factor of 100.
#[rustfmt::skip]
pub const D4RL: [Ends; 4] = [
    ends("ant", -325.6, 3_879.7),
    ends("half_cheetah", -280.178_953, 12_135.0),
    ends("hopper", -20.272_305, 3_234.3),
    ends("walker2d", 1.629_008, 4_592.3),
];
