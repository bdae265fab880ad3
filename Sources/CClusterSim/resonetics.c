#include "resonetics.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  slots = 1 << 16,
  digest_length = 64,
  head_length = 4 + digest_length,
  /// Words of a state: the order is that of `words_of`.
  word_count = 14,
};

typedef struct {
  uint64_t id;
  dslsim_rules rules;
  int64_t count, stride;
  int32_t autoreset, is_started;
  dslsim_state *states;
  /// Reward, cells out of memory, cause and key of the last episode that ended and was followed by another.
  int64_t (*finals)[4];
  int16_t *slab, *exists;
  uint16_t *places;
  uint64_t *worst;
  char digest[digest_length + 1];
  char message[256];
} batch;

static _Atomic(batch *) table[slots];
static atomic_uint_fast64_t made;

/// A handle is a number that is given out once and its place in the table.
static batch *batch_of(uint64_t handle) {
  batch *found = atomic_load(&table[handle % slots]);
  return found != NULL && found->id == handle ? found : NULL;
}

static int32_t fail(batch *b, int32_t code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(b->message, sizeof b->message, format, arguments);
  va_end(arguments);
  return code;
}

#define BATCH(name, handle) \
  batch *name = batch_of(handle); \
  if (name == NULL) return resonetics_no_handle
#define EXPECT(b, pointer, length, wanted) \
  if ((pointer) == NULL || (length) != (wanted)) return wrong_length(b, #pointer, pointer, length, wanted)

static int32_t wrong_length(batch *b, const char *name, const void *pointer, int64_t length, int64_t wanted) {
  if (pointer == NULL) return fail(b, resonetics_invalid, "%s is missing", name);
  return fail(b, resonetics_invalid, "%s has %lld elements, not %lld", name, (long long)length, (long long)wanted);
}

static int32_t expect_environment(batch *b, int64_t i) {
  if (!b->is_started) return fail(b, resonetics_too_early, "reset first");
  if (i < 0 || i >= b->count) {
    return fail(b, resonetics_invalid, "there is no environment %lld, only 0 to %lld", (long long)i,
                (long long)b->count - 1);
  }
  return resonetics_ok;
}

int32_t resonetics_abi_version(void) { return resonetics_abi; }

int32_t resonetics_dynamics_version(void) { return dslsim_dynamics_version; }

int32_t resonetics_field_count(void) { return dslsim_fields; }

const char *resonetics_field(int32_t index, int32_t *is_whole, double *low, double *high, double *canonical) {
  if (index < 0 || index >= dslsim_fields) return NULL;
  const dslsim_field *field = &dslsim_field_table[index];
  if (is_whole != NULL) *is_whole = field->is_whole;
  if (low != NULL) *low = field->low;
  if (high != NULL) *high = field->high;
  if (canonical != NULL) *canonical = field->canonical;
  return field->name;
}

int32_t resonetics_preset(const char *name, double *values, int64_t count) {
  if (name == NULL || values == NULL || count != dslsim_fields) return resonetics_invalid;
  // A preset is a list of changes to the canonical values, which a caller need not have.
  double made[dslsim_fields];
  for (int i = 0; i < dslsim_fields; i++) made[i] = dslsim_field_table[i].canonical;
  if (!dslsim_preset(name, made)) return resonetics_invalid;
  memcpy(values, made, sizeof made);
  return resonetics_ok;
}

static void release(batch *b) {
  free(b->states);
  free(b->finals);
  free(b->slab);
  free(b->exists);
  free(b->places);
  free(b->worst);
  free(b);
}

static int32_t refuse(char *message, int64_t size, int32_t code, const char *format, ...) {
  if (message == NULL || size <= 0) return code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, (size_t)size, format, arguments);
  va_end(arguments);
  return code;
}

/// Whether a text is that of a SHA-256: not a byte after its end is read.
static int is_digest(const char *text) {
  for (int i = 0; i < digest_length; i++) {
    const char c = text[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return 0;
  }
  return text[digest_length] == 0;
}

/// What is wrong with the arguments of `resonetics_create`.
static int32_t check(int32_t abi, const double *values, int64_t value_count, const char *digest, int64_t environments,
                     int32_t autoreset, const uint64_t *handle, char *message, int64_t size) {
  if (abi != resonetics_abi) {
    return refuse(message, size, resonetics_stale, "the caller is made for version %d of the interface, this is %d",
                  (int)abi, (int)resonetics_abi);
  }
  if (values == NULL) return refuse(message, size, resonetics_invalid, "values are missing");
  if (value_count != dslsim_fields) {
    return refuse(message, size, resonetics_invalid, "values has %lld elements, not %d", (long long)value_count,
                  (int)dslsim_fields);
  }
  if (handle == NULL) return refuse(message, size, resonetics_invalid, "handle is missing");
  if (digest == NULL) return refuse(message, size, resonetics_invalid, "digest is missing");
  if (!is_digest(digest)) {
    return refuse(message, size, resonetics_invalid, "digest is not %d hexadecimal digits", (int)digest_length);
  }
  if (environments < 1 || environments > resonetics_largest_batch) {
    return refuse(message, size, resonetics_invalid, "environments is %lld, not 1 to %d", (long long)environments,
                  (int)resonetics_largest_batch);
  }
  if (autoreset < resonetics_next_step || autoreset > resonetics_disabled) {
    return refuse(message, size, resonetics_invalid, "autoreset is %d, not 0 to 2", (int)autoreset);
  }
  double low, high;
  const char *wrong = dslsim_check(values, &low, &high);
  if (wrong == NULL) return resonetics_ok;
  int i = 0;
  while (i < dslsim_fields && strcmp(dslsim_field_table[i].name, wrong) != 0) i++;
  if (low > high) {
    return refuse(message, size, resonetics_invalid, "%s is %.17g: too much beside the other constants", wrong,
                  values[i]);
  }
  return refuse(message, size, resonetics_invalid, "%s is %.17g, not a %s from %g to %g", wrong, values[i],
                dslsim_field_table[i].is_whole ? "whole number" : "number", low, high);
}

/// Puts a batch into a free place of the table.
static int register_batch(batch *b) {
  for (int attempt = 0; attempt < slots; attempt++) {
    const uint64_t id = atomic_fetch_add(&made, 1) + 1;
    batch *expected = NULL;
    b->id = id;
    if (atomic_compare_exchange_strong(&table[id % slots], &expected, b)) return 1;
  }
  return 0;
}

int32_t resonetics_create(int32_t abi, const double *values, int64_t value_count, const char *digest,
                          int64_t environments, int32_t autoreset, uint64_t *handle, char *message,
                          int64_t message_size) {
  const int32_t code =
    check(abi, values, value_count, digest, environments, autoreset, handle, message, message_size);
  if (code != resonetics_ok) return code;
  batch *b = calloc(1, sizeof *b);
  if (b == NULL) return refuse(message, message_size, resonetics_no_memory, "no memory");
  dslsim_derive(values, &b->rules);
  b->count = environments;
  b->autoreset = autoreset;
  b->stride = (int64_t)dslsim_channels * b->rules.padded;
  memcpy(b->digest, digest, digest_length);
  const size_t count = (size_t)environments;
  b->states = calloc(count, sizeof *b->states);
  b->finals = calloc(count, sizeof *b->finals);
  b->slab = calloc(count * (size_t)b->stride, sizeof *b->slab);
  b->exists = calloc((size_t)b->rules.padded, sizeof *b->exists);
  b->places = calloc((size_t)b->rules.cells, sizeof *b->places);
  b->worst = calloc((size_t)b->rules.scale_nodes, sizeof *b->worst);
  const int has_all = b->states && b->finals && b->slab && b->exists && b->places && b->worst;
  if (!has_all || !register_batch(b)) {
    release(b);
    return refuse(message, message_size, resonetics_no_memory, "no memory for %lld environments, or too many handles",
                  (long long)environments);
  }
  for (int32_t cell = 0; cell < b->rules.cells; cell++) b->exists[cell] = -1;
  *handle = b->id;
  return resonetics_ok;
}

int32_t resonetics_destroy(uint64_t handle) {
  BATCH(b, handle);
  if (!atomic_compare_exchange_strong(&table[handle % slots], &b, NULL)) return resonetics_no_handle;
  release(b);
  return resonetics_ok;
}

const char *resonetics_message(uint64_t handle) {
  const batch *b = batch_of(handle);
  return b == NULL ? "there is no such handle, or it was closed" : b->message;
}

static int16_t *slab_of(const batch *b, int64_t i) { return b->slab + i * b->stride; }

static void look(const batch *b, int64_t i, float *observations) {
  dslsim_observe(&b->rules, &b->states[i], slab_of(b, i), observations + i * dslsim_observation);
}

static void start(const batch *b, int64_t i, uint64_t key, int64_t level, int64_t survivals) {
  dslsim_start(&b->rules, &b->states[i], slab_of(b, i), b->exists, b->places, key, level, survivals);
}

/// Starts the episode after the one that there is.
static void succeed(const batch *b, int64_t i) {
  dslsim_state *s = &b->states[i];
  int64_t level = s->level, survivals = s->survivals;
  if (s->cause != dslsim_none) {
    dslsim_next_difficulty(&b->rules, s, &level, &survivals);
    b->finals[i][0] = s->reward;
    b->finals[i][1] = s->ooms;
    b->finals[i][2] = s->cause;
    b->finals[i][3] = (int64_t)s->key;
  }
  start(b, i, dslsim_successor(s->key), level, survivals);
}

int32_t resonetics_reset(uint64_t handle, const uint64_t *keys, int64_t key_count, const uint8_t *mask,
                         int64_t mask_count, int64_t level, float *observations, int64_t observation_count) {
  BATCH(b, handle);
  if (keys != NULL) EXPECT(b, keys, key_count, b->count);
  if (mask != NULL) EXPECT(b, mask, mask_count, b->count);
  EXPECT(b, observations, observation_count, b->count * dslsim_observation);
  if (level < 0 || level > b->rules.difficulty_levels) {
    return fail(b, resonetics_invalid, "level is %lld, not 0 to %d", (long long)level, (int)b->rules.difficulty_levels);
  }
  if (!b->is_started && (keys == NULL || mask != NULL)) {
    return fail(b, resonetics_too_early, "the first reset is of all environments, with keys");
  }
  for (int64_t i = 0; i < b->count; i++) {
    if (mask != NULL && mask[i] == 0) continue;
    if (keys != NULL) {
      start(b, i, keys[i], level, 0);
    } else {
      succeed(b, i);
    }
    look(b, i, observations);
  }
  b->is_started = 1;
  return resonetics_ok;
}

int32_t resonetics_step(uint64_t handle, const int64_t *actions, int64_t action_count, float *observations,
                        int64_t observation_count, double *rewards, int64_t reward_count, uint8_t *terminated,
                        int64_t terminated_count, uint8_t *truncated, int64_t truncated_count,
                        float *final_observations, int64_t final_count) {
  BATCH(b, handle);
  if (!b->is_started) return fail(b, resonetics_too_early, "a step before the first reset");
  EXPECT(b, actions, action_count, b->count);
  EXPECT(b, observations, observation_count, b->count * dslsim_observation);
  EXPECT(b, rewards, reward_count, b->count);
  EXPECT(b, terminated, terminated_count, b->count);
  EXPECT(b, truncated, truncated_count, b->count);
  if (final_observations != NULL) EXPECT(b, final_observations, final_count, b->count * dslsim_observation);
  uint64_t all = 0;
  for (int64_t i = 0; i < b->count; i++) all |= (uint64_t)actions[i];
  if (all >= dslsim_actions) {
    int64_t i = 0;
    while ((uint64_t)actions[i] < dslsim_actions) i++;
    return fail(b, resonetics_invalid, "actions[%lld] is %lld, not 0 to 7", (long long)i, (long long)actions[i]);
  }
  const int64_t last = dslsim_looks_ahead(b->count, b->stride) ? b->count - dslsim_ahead : 0;
  for (int64_t i = 0; i < b->count; i++) {
    if (i < last) {
      const int64_t next = i + dslsim_ahead;
      dslsim_fetch(&b->states[next], slab_of(b, next), b->stride, observations + next * dslsim_observation);
    }
    dslsim_state *s = &b->states[i];
    int64_t ended = s->cause;
    rewards[i] = 0;
    if (ended == dslsim_none) {
      const int64_t reward =
        dslsim_step(&b->rules, s, slab_of(b, i), b->exists, b->worst, (uint8_t)actions[i]);
      rewards[i] = (double)reward / 1000;
      ended = s->cause;
      if (ended != dslsim_none && b->autoreset == resonetics_same_step) {
        if (final_observations != NULL) look(b, i, final_observations);
        succeed(b, i);
      }
    } else if (b->autoreset != resonetics_disabled) {
      succeed(b, i);
      ended = dslsim_none;
    }
    terminated[i] = ended != dslsim_none && ended != dslsim_time_limit;
    truncated[i] = ended == dslsim_time_limit;
    look(b, i, observations);
  }
  return resonetics_ok;
}

int32_t resonetics_facts(uint64_t handle, const int64_t *rows, int64_t row_count, int64_t *facts, int64_t count) {
  BATCH(b, handle);
  if (!b->is_started) return fail(b, resonetics_too_early, "reset first");
  const int64_t wanted = rows == NULL ? b->count : row_count;
  if (wanted < 0 || wanted > b->count) {
    return fail(b, resonetics_invalid, "rows has %lld elements, not 0 to %lld", (long long)wanted, (long long)b->count);
  }
  EXPECT(b, facts, count, wanted * resonetics_fact_count);
  for (int64_t place = 0; rows != NULL && place < wanted; place++) {
    const int32_t code = expect_environment(b, rows[place]);
    if (code != resonetics_ok) return code;
  }
  for (int64_t place = 0; place < wanted; place++) {
    const int64_t i = rows == NULL ? place : rows[place];
    const dslsim_state *s = &b->states[i];
    const int64_t values[resonetics_fact_count] = {
      (int64_t)s->key, s->step, s->row, s->column, s->budget, s->reward, s->ooms, s->level, s->cause,
      b->finals[i][0], b->finals[i][1], b->finals[i][2], b->finals[i][3],
    };
    memcpy(facts + place * resonetics_fact_count, values, sizeof values);
  }
  return resonetics_ok;
}

int32_t resonetics_cells(uint64_t handle, int64_t environment, int16_t *cells, int64_t count) {
  BATCH(b, handle);
  const int32_t code = expect_environment(b, environment);
  if (code != resonetics_ok) return code;
  const int32_t one = b->rules.cells;
  EXPECT(b, cells, count, 3 * (int64_t)one);
  static const int seen[3] = {0, 1, 5};
  for (int channel = 0; channel < 3; channel++) {
    memcpy(cells + channel * one, slab_of(b, environment) + seen[channel] * b->rules.padded,
           (size_t)one * sizeof *cells);
  }
  return resonetics_ok;
}

/// FNV-1a (Fowler, Noll, Vo) over words.
static uint64_t add(uint64_t digest, uint64_t word) { return (digest ^ word) * 0x00000100000001B3ull; }

static const uint64_t empty_digest = 0xCBF29CE484222325ull;

static void words_of(const dslsim_state *s, uint64_t words[word_count]) {
  const uint64_t all[word_count] = {
    s->key, s->noise_key, (uint64_t)s->step, (uint64_t)s->row, (uint64_t)s->column, (uint64_t)s->budget,
    (uint64_t)s->reward, (uint64_t)s->ooms, (uint64_t)s->broke_steps, (uint64_t)s->wasted_steps, (uint64_t)s->level,
    (uint64_t)s->survivals, (uint64_t)s->cause, (uint64_t)s->last_cause,
  };
  memcpy(words, all, sizeof all);
}

int32_t resonetics_digest(uint64_t handle, int64_t environment, uint64_t *digest) {
  BATCH(b, handle);
  const int32_t code = expect_environment(b, environment);
  if (code != resonetics_ok) return code;
  EXPECT(b, digest, 1, 1);
  uint64_t words[word_count], value = empty_digest;
  words_of(&b->states[environment], words);
  for (int i = 0; i < word_count; i++) value = add(value, words[i]);
  const int16_t *slab = slab_of(b, environment);
  for (int channel = 0; channel < dslsim_channels; channel++) {
    for (int32_t cell = 0; cell < b->rules.cells; cell++) {
      value = add(value, (uint16_t)slab[channel * b->rules.padded + cell]);
    }
  }
  *digest = value;
  return resonetics_ok;
}

static int64_t state_size(const batch *b) {
  return head_length + 8 * word_count + 2 * (int64_t)dslsim_channels * b->rules.cells + 8;
}

int64_t resonetics_state_size(uint64_t handle) {
  const batch *b = batch_of(handle);
  return b == NULL ? -1 : state_size(b);
}

static uint8_t *put(uint8_t *to, uint64_t word, int bytes) {
  for (int i = 0; i < bytes; i++) *to++ = (uint8_t)(word >> (8 * i));
  return to;
}

static uint64_t get(const uint8_t *from, int bytes) {
  uint64_t word = 0;
  for (int i = 0; i < bytes; i++) word |= (uint64_t)from[i] << (8 * i);
  return word;
}

static uint64_t digest_of(const uint8_t *bytes, int64_t count) {
  uint64_t value = empty_digest;
  for (int64_t i = 0; i < count; i++) value = add(value, bytes[i]);
  return value;
}

int32_t resonetics_save(uint64_t handle, int64_t environment, uint8_t *state, int64_t size) {
  BATCH(b, handle);
  const int32_t code = expect_environment(b, environment);
  if (code != resonetics_ok) return code;
  EXPECT(b, state, size, state_size(b));
  memcpy(state, "RNS1", 4);
  memcpy(state + 4, b->digest, digest_length);
  uint64_t words[word_count];
  words_of(&b->states[environment], words);
  uint8_t *to = state + head_length;
  for (int i = 0; i < word_count; i++) to = put(to, words[i], 8);
  const int16_t *slab = slab_of(b, environment);
  for (int channel = 0; channel < dslsim_channels; channel++) {
    for (int32_t cell = 0; cell < b->rules.cells; cell++) {
      to = put(to, (uint16_t)slab[channel * b->rules.padded + cell], 2);
    }
  }
  put(to, digest_of(state, size - 8), 8);
  return resonetics_ok;
}

int32_t resonetics_restore(uint64_t handle, int64_t environment, const uint8_t *state, int64_t size,
                           float *observations, int64_t observation_count) {
  BATCH(b, handle);
  const int32_t code = expect_environment(b, environment);
  if (code != resonetics_ok) return code;
  if (observations != NULL) EXPECT(b, observations, observation_count, dslsim_observation);
  if (state == NULL || size < head_length || memcmp(state, "RNS1", 4) != 0) {
    return fail(b, resonetics_corrupt, "these bytes are no saved state");
  }
  if (memcmp(state + 4, b->digest, digest_length) != 0) {
    return fail(b, resonetics_corrupt, "the state is of another configuration or version of the dynamics");
  }
  if (size != state_size(b) || get(state + size - 8, 8) != digest_of(state, size - 8)) {
    return fail(b, resonetics_corrupt, "the saved state is cut or changed");
  }
  const uint8_t *from = state + head_length;
  uint64_t w[word_count];
  for (int i = 0; i < word_count; i++, from += 8) w[i] = get(from, 8);
  dslsim_state s = {
    .key = w[0], .noise_key = w[1], .step = (int64_t)w[2], .row = (int64_t)w[3], .column = (int64_t)w[4],
    .budget = (int64_t)w[5], .reward = (int64_t)w[6], .ooms = (int64_t)w[7], .broke_steps = (int64_t)w[8],
    .wasted_steps = (int64_t)w[9], .level = (int64_t)w[10], .survivals = (int64_t)w[11], .cause = (int64_t)w[12],
    .last_cause = (int64_t)w[13],
  };
  if (!dslsim_fits(&b->rules, &s)) return fail(b, resonetics_corrupt, "the saved state does not fit its configuration");
  int16_t *slab = slab_of(b, environment);
  for (int channel = 0; channel < dslsim_channels; channel++) {
    for (int32_t cell = 0; cell < b->rules.cells; cell++, from += 2) {
      slab[channel * b->rules.padded + cell] = (int16_t)get(from, 2);
    }
  }
  const dslsim_cells cells = dslsim_cells_at(&b->rules, slab, b->exists);
  dslsim_sum(&cells, &b->rules.physics, &s.sums);
  b->states[environment] = s;
  if (observations != NULL) dslsim_observe(&b->rules, &s, slab, observations);
  return resonetics_ok;
}

int32_t resonetics_fork(uint64_t handle, int64_t source, int64_t target, const uint64_t *noise_key) {
  BATCH(b, handle);
  int32_t code = expect_environment(b, source);
  if (code == resonetics_ok) code = expect_environment(b, target);
  if (code != resonetics_ok) return code;
  if (source != target) {
    b->states[target] = b->states[source];
    memcpy(slab_of(b, target), slab_of(b, source), (size_t)b->stride * sizeof *b->slab);
  }
  if (noise_key != NULL) b->states[target].noise_key = *noise_key;
  return resonetics_ok;
}
