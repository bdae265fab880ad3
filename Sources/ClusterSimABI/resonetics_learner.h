#pragma once
#include <stdint.h>

// The learner of the simulator for callers in other languages: libresonetics-learner.so, beside the program dsl.
//
// A call trains one agent, from a request in JSON, in the thread that made it. Nothing is kept between calls and nothing is shared by
// those that run at the same time; nothing has to be freed. What comes of a training is the same, bit for bit, as what
// `dsl sim train` makes of the same constants, settings and seed.

#ifdef __cplusplus
extern "C" {
#endif

enum {
  /// Of the functions below: what they take and return.
  resonetics_learner_abi = 1,
};

/// What resonetics_learner_train returns. Numbers that resonetics.h has too mean the same there.
enum {
  resonetics_learner_ok = 0,
  /// The request may not be as it is: a message says what is wrong.
  resonetics_learner_invalid = 1,
  /// The caller was made for another version of these functions.
  resonetics_learner_stale = 4,
  /// The receiver asked for it.
  resonetics_learner_stopped = 7,
  /// Training failed: its values ran away. A message says so.
  resonetics_learner_failed = 8,
};

/// What the receiver is handed.
enum {
  /// Nothing: a round of 64 episodes is done.
  resonetics_learner_round = 0,
  /// JSON: means over the episodes since the last such point, with exploration: episodes (done), reward, steps, ooms, failures.
  resonetics_learner_point = 1,
  /// JSON: episodes_done, steps_done, and rows: of each validation episode of seed 1, in the order of their keys, its reward in 1/1000,
  /// the steps survived, the cells out of memory, and 1 where the cluster failed.
  resonetics_learner_judged = 2,
  /// JSON: of the episodes that judged the agent at its end, the failure that came after the fewest steps, as dsl sim explain
  /// reads it. Left out where none failed.
  resonetics_learner_black_box = 3,
  /// The file that dsl sim train writes.
  resonetics_learner_agent = 4,
  /// JSON, the last of all: dynamics_version, configuration_sha256, settings, episodes_done, steps_done, best_score,
  /// best_at_episode, values_sha256.
  resonetics_learner_result = 5,
  /// Text, UTF-8: why the call fails.
  resonetics_learner_message = 6,
};

/// @param context as given to the call.
/// @param bytes valid until the receiver returns; UTF-8 where it is text, without a 0 at the end.
/// @return 0 to go on; anything else stops the training.
typedef int32_t (*resonetics_learner_receiver)(void *context, int32_t kind, const uint8_t *bytes, int64_t count);

int32_t resonetics_learner_abi_version(void);
int32_t resonetics_learner_dynamics_version(void);

/// Trains an agent, in this thread, to the end or until the receiver stops it.
///
/// @param abi resonetics_learner_abi as the caller was made with.
/// @param request JSON, UTF-8, `count` bytes: {"cluster": {"preset": "canonical", "size": "6x6", "constants": {…}}, "settings": {…},
///   "judge": {"episodes": 256, "reports": 8}, "name": "trial-3.agent"}; all may be left out, and what is unknown is refused.
///   Constants and settings are those of docs/simulator.md. Without "judge" nothing is judged on the way. The name is that of
///   the agent in a black box.
/// @param receiver called in this thread, several times a second.
int32_t resonetics_learner_train(int32_t abi, const uint8_t *request, int64_t count,
                                 resonetics_learner_receiver receiver, void *context);

#ifdef __cplusplus
}
#endif
