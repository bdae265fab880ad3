#pragma once
#include "cclustersim.h"

// The simulator for callers in other languages: many environments stepped together, into buffers of the caller.
//
// Every call but the first few returns a code, 0 for success; resonetics_message says what was wrong with the last call on
// a handle. A call that fails has changed nothing. Lengths are checked, and handles: one that was destroyed or never made is
// an error. Calls on one handle belong to one thread at a time; handles share nothing.

#if defined(__GNUC__)
#define RESONETICS_API __attribute__((visibility("default")))
#else
#define RESONETICS_API
#endif

enum {
  /// Of the functions below: what they take and return.
  resonetics_abi = 1,
  /// Numbers that describe an environment: see resonetics_facts.
  resonetics_fact_count = 13,
  /// The most environments of one handle.
  resonetics_largest_batch = 1 << 20,
};

/// What calls return.
enum {
  resonetics_ok = 0,
  /// A length, an action, a mode or a constant may not be as it is.
  resonetics_invalid = 1,
  /// A step before the first reset.
  resonetics_too_early = 2,
  /// There is no such handle, or it was destroyed.
  resonetics_no_handle = 3,
  /// The caller was made for another version of these functions.
  resonetics_stale = 4,
  /// A saved state is cut or changed, or of another configuration.
  resonetics_corrupt = 5,
  /// No memory, or too many handles.
  resonetics_no_memory = 6,
};

/// When an environment whose episode is over starts the next one.
enum { resonetics_next_step, resonetics_same_step, resonetics_disabled };

RESONETICS_API int32_t resonetics_abi_version(void);
RESONETICS_API int32_t resonetics_dynamics_version(void);

/// The constants of a configuration, in the order in which resonetics_create takes their values.
RESONETICS_API int32_t resonetics_field_count(void);

/// One of them; any of the last four may be nil. Returns nil where there is none.
RESONETICS_API const char *resonetics_field(int32_t index, int32_t *is_whole, double *low, double *high,
                                            double *canonical);

/// Writes all constants of a preset, "calm", "canonical" or "storm", whatever the values were.
RESONETICS_API int32_t resonetics_preset(const char *name, double *values, int64_t count);

/// Makes environments; they have to be reset before the first step.
///
/// @param abi resonetics_abi as the caller was made with.
/// @param digest 64 hexadecimal digits that name the configuration in saved states, and a 0.
/// @param environments 1 to resonetics_largest_batch.
/// @param handle what the other calls take; never 0.
/// @param message what is wrong, where the return value is not 0; nil or `message_size` characters.
RESONETICS_API int32_t resonetics_create(int32_t abi, const double *values, int64_t value_count, const char *digest,
                                         int64_t environments, int32_t autoreset, uint64_t *handle, char *message,
                                         int64_t message_size);

RESONETICS_API int32_t resonetics_destroy(uint64_t handle);

/// What was wrong with the last call on a handle that failed; never nil.
RESONETICS_API const char *resonetics_message(uint64_t handle);

/// Starts episodes.
///
/// @param keys one an environment; nil for the successors of the keys that there are, and the difficulty that follows.
/// @param mask bytes, not 0 for the environments to start; nil for all.
/// @param observations 35 an environment; those outside the mask are left as they are.
RESONETICS_API int32_t resonetics_reset(uint64_t handle, const uint64_t *keys, int64_t key_count, const uint8_t *mask,
                                        int64_t mask_count, int64_t level, float *observations,
                                        int64_t observation_count);

/// Does a step of every environment. Buffers have an element an environment, observations 35; `final_observations` may be
/// nil, and gets the last observations of episodes that ended in this step in the mode `same_step`.
RESONETICS_API int32_t resonetics_step(uint64_t handle, const int64_t *actions, int64_t action_count,
                                       float *observations, int64_t observation_count, double *rewards,
                                       int64_t reward_count, uint8_t *terminated, int64_t terminated_count,
                                       uint8_t *truncated, int64_t truncated_count, float *final_observations,
                                       int64_t final_count);

/// Of environments: key, step, row, column, budget and reward in 1/1000, cells out of memory, level, cause of the end, and
/// of the last episode that ended and was followed by another: its reward, its cells out of memory, its cause, its key.
///
/// @param rows the environments, one after another in `facts`; nil for all.
RESONETICS_API int32_t resonetics_facts(uint64_t handle, const int64_t *rows, int64_t row_count, int64_t *facts,
                                        int64_t count);

/// CPU and memory in 1/32768, priority in 1/16384 of the cells of an environment, row by row.
RESONETICS_API int32_t resonetics_cells(uint64_t handle, int64_t environment, int16_t *cells, int64_t count);

/// A digest of everything about an environment.
RESONETICS_API int32_t resonetics_digest(uint64_t handle, int64_t environment, uint64_t *digest);

/// Bytes of a saved state.
RESONETICS_API int64_t resonetics_state_size(uint64_t handle);

RESONETICS_API int32_t resonetics_save(uint64_t handle, int64_t environment, uint8_t *state, int64_t size);

/// Puts an environment into a saved state. `observations`: nil, or 35.
RESONETICS_API int32_t resonetics_restore(uint64_t handle, int64_t environment, const uint8_t *state, int64_t size,
                                          float *observations, int64_t observation_count);

/// Makes `target` continue where `source` is, with other noise where `noise_key` is not nil.
RESONETICS_API int32_t resonetics_fork(uint64_t handle, int64_t source, int64_t target, const uint64_t *noise_key);
