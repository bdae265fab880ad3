#pragma once
#include <stddef.h>
#include <stdint.h>

// A cluster under entropy, in whole numbers: docs/simulator.md has the rules line by line. Nothing here allocates, keeps
// state or fails; whoever calls owns all memory. Compiles with Clang and with GCC from version 12.

enum {
  /// The version of the rules. It changes whenever the same key and actions give other bits.
  dslsim_dynamics_version = 1,
  /// Full memory or CPU, in 1/32768.
  dslsim_full = 32767,
  /// Cells are padded to a multiple of this.
  dslsim_group = 64,
  /// Channels of an environment: CPU, memory, base, leak, critical, priority; `padded` numbers of 16 bits each.
  dslsim_channels = 6,
  /// Floats of an observation.
  dslsim_observation = 35,
  dslsim_actions = 8,
  dslsim_fields = 50,
};

/// How an episode ended; the first that holds.
enum {
  dslsim_none,
  dslsim_critical_oom,
  dslsim_collapse,
  dslsim_oom,
  dslsim_bankruptcy,
  dslsim_panic,
  dslsim_time_limit,
};

/// What a block of random bits is drawn for.
enum { dslsim_physics, dslsim_start_values, dslsim_places, dslsim_succession, dslsim_policy };

/// A constant of a configuration: its name, whether it is a whole number, what it may be, its value in the preset
/// `canonical`.
typedef struct {
  const char *name;
  int32_t is_whole;
  double low, high, canonical;
} dslsim_field;

/// The fields, in the order in which configurations give their values.
extern const dslsim_field dslsim_field_table[dslsim_fields];

/// The channels of one cluster, `padded` cells each; `padded` is a multiple of 64.
typedef struct {
  /// In 1/32768, 0...32767.
  int16_t *cpu;
  /// In 1/32768, 0...32767: 32767 is full.
  int16_t *memory;
  /// Where CPU tends to, in 1/32768.
  const int16_t *base;
  /// Memory lost a step, in 1/16 of 1/32768, 0...4095.
  const int16_t *leak;
  /// -1 for a critical cell, else 0.
  const int16_t *critical;
  /// -1 for a cell, 0 for padding.
  const int16_t *exists;
  int32_t padded;
} dslsim_cells;

/// The constants of the physics.
typedef struct {
  /// Share of the way to the base a step, in 1/65536.
  int16_t reversion;
  /// Full width of the noise, in 1/32768.
  int16_t noise;
  /// Height of a burst, in 1/32768.
  int16_t burst;
  /// A burst comes where a signed uniform is below this.
  int16_t burst_below;
  /// What CPU adds to a leak, in 1/32768.
  int16_t coupling;
  /// Above this in CPU or memory a cell is hot, in 1/32768.
  int16_t hot_line;
} dslsim_constants;

/// Sums over the cells after a step.
typedef struct {
  int32_t cpu;
  int32_t memory;
  int32_t hot;
  /// The largest memory, and the largest of a critical cell.
  int16_t worst;
  int16_t worst_critical;
} dslsim_sums;

/// A configuration in the units that the state is kept in: 1/32768 for CPU and memory, 1/1000 for budget and rewards.
typedef struct {
  int32_t height, width, cells, padded, max_steps;
  int32_t initial_memory, hot_low, hot_high, base_low, base_high;
  int32_t critical_cells, hot_cells, leakers;
  /// In 1/65536 of the units of a leak; the factors in 1/256.
  int64_t leak, leaker_factor, difficulty_leak;
  int16_t restart_memory, restart_cpu, clean_cpu, throttle_cpu, scale_memory, scale_cpu, scale_line;
  int64_t clean_cost, memory_clean_cost, throttle_cost, scale_cost;
  int64_t clean_reward, memory_clean_reward, throttle_reward, scale_reward, wasted_reward;
  int64_t uptime_reward, oom_reward, fatal_reward;
  int64_t budget, recovery, cheapest;
  int64_t relief_line, relief_cpu_weight, collapse_sum;
  int32_t scale_nodes, oom_limit, bankruptcy_steps, panic_steps, difficulty_levels, raise_after;
  dslsim_constants physics;
} dslsim_rules;

/// What an environment knows of its episode beside its cells.
typedef struct {
  /// The key that the episode can be replayed from, and that of the noise: the same, unless a fork was given its own.
  uint64_t key, noise_key;
  int64_t step, row, column;
  /// In 1/1000 of a point.
  int64_t budget, reward;
  int64_t ooms;
  /// Steps in a row whose budget paid for no action, and that were interventions that relieved nothing.
  int64_t broke_steps, wasted_steps;
  int64_t level, survivals;
  /// How the episode, and the one before it, ended.
  int64_t cause, last_cause;
  dslsim_sums sums;
} dslsim_state;

/// Finds a field that may not be as it is.
///
/// @return nil when all is well; else the name of the field, with what it may be in `low` and `high`. A field that is not in
/// order with another one, or a leak that is too fast, has `low` above `high`.
const char *dslsim_check(const double values[dslsim_fields], double *low, double *high);

/// The rules of values that were checked.
void dslsim_derive(const double values[dslsim_fields], dslsim_rules *rules);

/// Changes canonical values to those of a preset. Returns 0 where there is none of the name.
int32_t dslsim_preset(const char *name, double values[dslsim_fields]);

/// A block of Philox4x32-10.
void dslsim_philox(const uint32_t counter[4], uint64_t key, uint32_t out[4]);

/// Eight blocks of Philox4x32-10: what `dslsim_philox` gives for the counters (`first` + i, step, stream, 0).
void dslsim_draw8(uint64_t key, uint32_t step, uint32_t first, uint32_t stream, uint32_t out[8][4]);

/// The key of the episode after the one with `key` where environments start again by themselves.
uint64_t dslsim_successor(uint64_t key);

/// The cells of an environment that start at `slab`.
///
/// @param exists `padded` numbers: -1 for a cell.
dslsim_cells dslsim_cells_at(const dslsim_rules *rules, int16_t *slab, const int16_t *exists);

/// How many environments before its turn the memory of one is asked for, where that pays.
enum { dslsim_ahead = 4 };

/// Whether it pays: for small grids in batches beyond the second cache. 16,384 environments of 8x8 cells take 1.15 times as long a step
/// then as 16, and 1.2 to 1.6 times without, by what else uses the memory; smaller batches would lose 5 %.
///
/// @param stride numbers of an environment's cells.
static inline int32_t dslsim_looks_ahead(int64_t count, int64_t stride) {
  return stride <= 1024 && count * stride * (int64_t)sizeof(int16_t) > 8 << 20;
}

/// Asks for the memory of an environment and the observation that will be written.
static inline void dslsim_fetch(const void *state, const int16_t *slab, int64_t stride, const float *observation) {
  for (int64_t at = 0; at < stride; at += 32) __builtin_prefetch(slab + at, 1);
  for (int64_t at = 0; at < (int64_t)sizeof(dslsim_state); at += 64) __builtin_prefetch((const char *)state + at, 1);
  for (int64_t at = 0; at < dslsim_observation; at += 16) __builtin_prefetch(observation + at, 1);
}

/// Starts the episode of a key at a level.
///
/// @param places scratch for as many numbers as there are cells.
void dslsim_start(const dslsim_rules *rules, dslsim_state *state, int16_t *slab, const int16_t *exists,
                  uint16_t *places, uint64_t key, int64_t level, int64_t survivals);

/// Does a step of an episode that goes on. Returns its reward in 1/1000 of a point.
///
/// @param worst scratch for `scale_nodes` numbers.
/// @param action 0 to 7.
int64_t dslsim_step(const dslsim_rules *rules, dslsim_state *state, int16_t *slab, const int16_t *exists,
                    uint64_t *worst, uint8_t action);

/// Writes what the agent sees: 35 floats from 0 to 1, each a whole number divided by another once.
void dslsim_observe(const dslsim_rules *rules, const dslsim_state *state, const int16_t *slab, float *out);

/// Whether a state lies within its rules: nothing outside its memory is read because of one that does.
int32_t dslsim_fits(const dslsim_rules *rules, const dslsim_state *state);

/// The level and the survivals in a row that the episode after this one has.
void dslsim_next_difficulty(const dslsim_rules *rules, const dslsim_state *state, int64_t *level,
                            int64_t *survivals);

/// Advances all cells by a step with the noise of (key, step), and sums them up.
void dslsim_advance(const dslsim_cells *cells, const dslsim_constants *constants, uint64_t key, uint32_t step,
                    dslsim_sums *sums);

/// Which form of the physics this processor runs: "x86-64-v4", "avx2" or "default".
const char *dslsim_physics_variant(void);

/// Sums the cells up as they are.
void dslsim_sum(const dslsim_cells *cells, const dslsim_constants *constants, dslsim_sums *sums);
