// SAC on Pendulum-v1 in RLtools' own training loop, for scripts/bench-agents: the speed of it is measured,
// not what it learns. Networks, batch, rates and the rest are those of sac-pendulum-64.yaml beside this file;
// where not said here, RLtools' defaults are the same. No callbacks, evaluations or files, as in its own
// benchmark.
//
//     rltools_sac WARM_UP STEPS SAMPLES        built with -DSAC_BATCH=100
//
// Prints the seconds of an environment step, of which each has an update, sample by sample, then the mean
// return of the last ten episodes: a loop that had stopped learning would not be the same work.

#ifdef RL_TOOLS_BACKEND_ENABLE_BLAS
#define RL_TOOLS_NN_DISABLE_GENERIC_FORWARD_BACKWARD
#endif

#include <rl_tools/operations/cpu_mux.h>
#include <rl_tools/nn/optimizers/adam/instance/operations_generic.h>
#include <rl_tools/nn/operations_cpu_mux.h>
#include <rl_tools/nn/layers/sample_and_squash/operations_generic.h>
#include <rl_tools/rl/environments/pendulum/operations_cpu.h>
#include <rl_tools/nn_models/mlp/operations_generic.h>
#include <rl_tools/nn_models/sequential/operations_generic.h>
#include <rl_tools/nn_models/random_uniform/operations_generic.h>
#include <rl_tools/nn/optimizers/adam/operations_generic.h>
#include <rl_tools/rl/algorithms/sac/loop/core/config.h>
#include <rl_tools/rl/algorithms/sac/loop/core/operations_generic.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace rlt = rl_tools;

using Device = rlt::devices::DEVICE_FACTORY<>;
using Index = Device::index_t;
using Float = rlt::numeric_types::Policy<float>;
using Random = Device::SPEC::RANDOM::ENGINE<>;
using Pendulum = rlt::rl::environments::Pendulum<rlt::rl::environments::pendulum::Specification<
    float, Index, rlt::rl::environments::pendulum::DefaultParameters<float>>>;

struct Parameters : rlt::rl::algorithms::sac::loop::core::DefaultParameters<Float, Index, Pendulum> {
    struct SAC_PARAMETERS : rlt::rl::algorithms::sac::DefaultParameters<Float, Index, Pendulum::ACTION_DIM> {
        static constexpr Index ACTOR_BATCH_SIZE = SAC_BATCH;
        static constexpr Index CRITIC_BATCH_SIZE = SAC_BATCH;
    };
    static constexpr Index STEP_LIMIT = 20'000;
    static constexpr Index REPLAY_BUFFER_CAP = STEP_LIMIT;
    static constexpr Index ACTOR_HIDDEN_DIM = 64;
    static constexpr Index CRITIC_HIDDEN_DIM = 64;
};

using Loop = rlt::rl::algorithms::sac::loop::core::Config<
    Float, Index, Random, Pendulum, Parameters, rlt::rl::algorithms::sac::loop::core::ConfigApproximatorsMLP>;

int main(int, char** argv) {
    const int warm_up = std::atoi(argv[1]), steps = std::atoi(argv[2]), samples = std::atoi(argv[3]);
    if (warm_up + steps * samples > int(Parameters::STEP_LIMIT)) return 1;
    Device device;
    Loop::State<Loop> state;
    rlt::malloc(device, state);
    rlt::init(device, state, 1);
    for (int i = 0; i < warm_up; i++) rlt::step(device, state);
    for (int sample = 0; sample < samples; sample++) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < steps; i++) rlt::step(device, state);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        std::printf("%.9e\n", took.count() / steps);
    }
    const auto& episodes = rlt::get(state.off_policy_runner.episode_stats, 0, 0);
    float sum = 0;
    for (int i = 1; i <= 10; i++) sum += rlt::get(episodes.returns, episodes.next_episode_i - i, 0);
    std::printf("%f\n", sum / 10);
    rlt::free(device, state);
}
