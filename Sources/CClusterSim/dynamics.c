#include "cclustersim.h"

#include <string.h>

// The episode around the physics: its start, actions, costs, ends, and what is seen of it.

enum { priority_low = 3277, priority_middle = 8192, priority_critical = 16384 };
/// What is chosen by a shuffle; the step of the block of random bits.
enum { places_critical, places_hot, places_leaking, places_agent };
enum { largest_leak = 4095 };

/// An environment under its rules.
typedef struct {
  const dslsim_rules *rules;
  dslsim_state *state;
  int16_t *cpu, *memory, *base, *leak, *critical, *priority;
} world;

static world world_at(const dslsim_rules *rules, dslsim_state *state, int16_t *slab) {
  const int32_t padded = rules->padded;
  return (world){rules, state, slab, slab + padded, slab + 2 * padded, slab + 3 * padded, slab + 4 * padded,
                 slab + 5 * padded};
}

dslsim_cells dslsim_cells_at(const dslsim_rules *rules, int16_t *slab, const int16_t *exists) {
  const int32_t padded = rules->padded;
  return (dslsim_cells){slab, slab + padded, slab + 2 * padded, slab + 3 * padded, slab + 4 * padded, exists, padded};
}

void dslsim_philox(const uint32_t counter[4], uint64_t key, uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

static void draw(uint64_t key, uint32_t step, uint32_t index, uint32_t stream, uint32_t out[4]) {
  const uint32_t counter[4] = {index, step, stream, 0};
  dslsim_philox(counter, key, out);
}

uint64_t dslsim_successor(uint64_t key) {
  uint32_t words[4];
  draw(key, 0, 0, dslsim_succession, words);
  return words[0] | (uint64_t)words[1] << 32;
}

/// A whole number from 0 up to but not including `range`: the high half of a 64-bit product. 0 where the range is empty.
static int32_t scaled(uint32_t word, int32_t range) { return (int32_t)(((int64_t)word * range) >> 32); }

/// leak · (0.5 + U) · factor · (1 + level · difficulty), in 64-bit integers.
static void set_leak(const world *w, int32_t cell, uint32_t word, int64_t level, int64_t factor) {
  const dslsim_rules *r = w->rules;
  const int64_t jittered = (r->leak * (32768 + (int64_t)(word >> 16))) >> 16;
  const int64_t whole = (jittered * factor * (256 + level * r->difficulty_leak)) >> 32;
  w->leak[cell] = (int16_t)(whole < largest_leak ? whole : largest_leak);
}

static void start_cell(const world *w, int32_t cell, const uint32_t words[4], int64_t level) {
  const dslsim_rules *r = w->rules;
  const int16_t base = (int16_t)(r->base_low + scaled(words[0], r->base_high - r->base_low));
  w->cpu[cell] = base;
  w->base[cell] = base;
  w->memory[cell] = (int16_t)scaled(words[2], r->initial_memory);
  w->critical[cell] = 0;
  w->priority[cell] = (words[3] & 1) == 0 ? priority_low : priority_middle;
  set_leak(w, cell, words[1], level, 256);
}

/// Puts `count` different cells at the front of `places`: the first steps of a Fisher-Yates shuffle.
static void choose(const dslsim_rules *r, uint16_t *places, int32_t count, uint64_t key, uint32_t what) {
  for (int32_t i = 0; i < r->cells; i++) places[i] = (uint16_t)i;
  uint32_t words[4] = {0};
  for (int32_t i = 0; i < count; i++) {
    if (i % 4 == 0) draw(key, what, (uint32_t)(i / 4), dslsim_places, words);
    const int32_t j = i + scaled(words[i % 4], r->cells - i);
    const uint16_t other = places[i];
    places[i] = places[j];
    places[j] = other;
  }
}

void dslsim_start(const dslsim_rules *r, dslsim_state *state, int16_t *slab, const int16_t *exists, uint16_t *places,
                  uint64_t key, int64_t level, int64_t survivals) {
  const world w = world_at(r, state, slab);
  const int64_t last = state->cause;
  memset(state, 0, sizeof *state);
  state->key = state->noise_key = key;
  state->last_cause = last;
  state->level = level;
  state->survivals = survivals;
  state->budget = r->budget;
  uint32_t words[4];
  draw(key, places_agent, 0, dslsim_places, words);
  const int32_t corner = scaled(words[0], r->cells);
  state->row = corner / r->width;
  state->column = corner % r->width;
  uint32_t drawn[8][4];
  for (int32_t cell = 0; cell < r->cells; cell++) {
    if (cell % 8 == 0) dslsim_draw8(key, 0, (uint32_t)cell, dslsim_start_values, drawn);
    start_cell(&w, cell, drawn[cell % 8], level);
  }
  choose(r, places, r->critical_cells, key, places_critical);
  for (int32_t i = 0; i < r->critical_cells; i++) {
    w.critical[places[i]] = -1;
    w.priority[places[i]] = priority_critical;
  }
  choose(r, places, r->hot_cells, key, places_hot);
  for (int32_t i = 0; i < r->hot_cells; i++) {
    draw(key, 0, places[i], dslsim_start_values, words);
    w.memory[places[i]] = (int16_t)(r->hot_low + scaled(words[2], r->hot_high - r->hot_low));
  }
  choose(r, places, r->leakers, key, places_leaking);
  for (int32_t i = 0; i < r->leakers; i++) {
    draw(key, 0, places[i], dslsim_start_values, words);
    set_leak(&w, places[i], words[1], level, r->leaker_factor);
  }
  const dslsim_cells cells = dslsim_cells_at(r, slab, exists);
  dslsim_sum(&cells, &r->physics, &state->sums);
}

void dslsim_next_difficulty(const dslsim_rules *r, const dslsim_state *s, int64_t *level, int64_t *survivals) {
  const int64_t now = s->level, survived = s->survivals;
  *level = now;
  *survivals = 0;
  if (s->cause != dslsim_none && s->cause != dslsim_time_limit) {
    if (now > 0) *level = now - 1;
  } else if (survived + 1 < r->raise_after) {
    *survivals = survived + 1;
  } else if (now < r->difficulty_levels) {
    *level = now + 1;
  }
}

static int16_t raised(int16_t value, int16_t by) {
  return (int16_t)(value + (by < dslsim_full - value ? by : dslsim_full - value));
}

static int16_t lowered(int16_t value, int16_t by) { return (int16_t)(value - (by < value ? by : value)); }

static int64_t wasted(const world *w) {
  w->state->wasted_steps += 1;
  return w->rules->wasted_reward;
}

/// What a cleaning that relieved too little costs beside its price.
static int64_t judged(const world *w, int16_t memory, int16_t cpu) {
  const int64_t relief = (int64_t)memory * 256 + cpu * w->rules->relief_cpu_weight;
  if (relief < w->rules->relief_line) return wasted(w);
  w->state->wasted_steps = 0;
  return 0;
}

static int pay(const world *w, int64_t cost) {
  if (w->state->budget < cost) return 0;
  w->state->budget -= cost;
  return 1;
}

enum { few = 16 };

/// Whether one of a few cells is above a line. The last ones may be those that only fill up a group.
static int any_above(const int16_t *memory, int16_t line) {
  int16_t most = memory[0];
  for (int32_t i = 1; i < few; i++) most = memory[i] > most ? memory[i] : most;
  return most > line;
}

/// Relieves the worst cells above the line: critical ones first, then by memory, then by place.
static int64_t scale(const world *w, uint64_t *worst) {
  const dslsim_rules *r = w->rules;
  const int64_t paid = w->state->budget / r->scale_cost;
  const int32_t affordable = paid < r->scale_nodes ? (int32_t)paid : r->scale_nodes;
  int32_t found = 0;
  for (int32_t cell = 0; cell < r->cells && affordable > 0; cell++) {
    if (cell % few == 0 && !any_above(w->memory + cell, r->scale_line)) {
      cell += few - 1;
      continue;
    }
    if (w->memory[cell] <= r->scale_line) continue;
    const uint64_t is_critical = w->critical[cell] != 0;
    const uint64_t rank = is_critical << 32 | (uint64_t)w->memory[cell] << 16 | (uint64_t)(0xFFFF - cell);
    int32_t at = found;
    if (found == affordable) {
      if (rank <= worst[found - 1]) continue;
      at = found - 1;
    } else {
      found += 1;
    }
    for (; at > 0 && worst[at - 1] < rank; at--) worst[at] = worst[at - 1];
    worst[at] = rank;
  }
  if (found == 0) return wasted(w);
  for (int32_t i = 0; i < found; i++) {
    const int32_t cell = 0xFFFF - (int32_t)(worst[i] & 0xFFFF);
    w->memory[cell] = lowered(w->memory[cell], r->scale_memory);
    w->cpu[cell] = lowered(w->cpu[cell], r->scale_cpu);
  }
  w->state->budget -= found * r->scale_cost;
  w->state->wasted_steps = 0;
  return found * r->scale_reward;
}

/// Carries out actions 4 to 7 and returns what they add to the reward.
static int64_t intervene(const world *w, uint64_t *worst, uint8_t action) {
  const dslsim_rules *r = w->rules;
  const int64_t cell = w->state->row * r->width + w->state->column;
  const int16_t memory = w->memory[cell], cpu = w->cpu[cell];
  switch (action) {
    case 4:
      if (!pay(w, r->clean_cost)) return wasted(w);
      w->memory[cell] = 0;
      w->cpu[cell] = lowered(cpu, r->clean_cpu);
      return r->clean_reward + judged(w, memory, (int16_t)(cpu - w->cpu[cell]));
    case 5:
      return scale(w, worst);
    case 6:
      if (!pay(w, r->memory_clean_cost)) return wasted(w);
      w->memory[cell] = 0;
      return r->memory_clean_reward + judged(w, memory, 0);
    default:
      if (!pay(w, r->throttle_cost)) return wasted(w);
      w->cpu[cell] = lowered(cpu, r->throttle_cpu);
      w->state->wasted_steps = cpu == 0 ? w->state->wasted_steps + 1 : 0;
      return r->throttle_reward;
  }
}

/// Without branches: what an agent does next is what a processor guesses worst.
static void move(const dslsim_rules *r, dslsim_state *s, uint8_t action) {
  const int64_t row = s->row + (action == 1) - (action == 0), column = s->column + (action == 3) - (action == 2);
  s->row = row < 0 ? r->height - 1 : row == r->height ? 0 : row;
  s->column = column < 0 ? r->width - 1 : column == r->width ? 0 : column;
  s->wasted_steps = 0;
}

/// Restarts what is out of memory; a critical cell keeps what it has. Returns whether one was critical.
static int restart(const world *w, const dslsim_cells *cells, int64_t *reward) {
  const dslsim_rules *r = w->rules;
  int is_fatal = 0;
  for (int32_t cell = 0; cell < r->cells; cell++) {
    if (w->memory[cell] != dslsim_full) continue;
    w->state->ooms += 1;
    if (w->critical[cell] != 0) {
      is_fatal = 1;
    } else {
      *reward += r->oom_reward;
      w->memory[cell] = r->restart_memory;
      w->cpu[cell] = raised(w->cpu[cell], r->restart_cpu);
    }
  }
  dslsim_sum(cells, &r->physics, &w->state->sums);
  return is_fatal;
}

/// Counts broke steps and says whether and how the episode is over.
static void settle(const dslsim_rules *r, dslsim_state *s, int is_fatal, int64_t *reward) {
  s->broke_steps = s->budget < r->cheapest ? s->broke_steps + 1 : 0;
  if (is_fatal) {
    s->cause = dslsim_critical_oom;
  } else if ((int64_t)s->sums.cpu + s->sums.memory > r->collapse_sum) {
    s->cause = dslsim_collapse;
  } else if (r->oom_limit > 0 && s->ooms >= r->oom_limit) {
    s->cause = dslsim_oom;
  } else if (r->bankruptcy_steps > 0 && s->broke_steps >= r->bankruptcy_steps) {
    s->cause = dslsim_bankruptcy;
  } else if (r->panic_steps > 0 && s->wasted_steps >= r->panic_steps) {
    s->cause = dslsim_panic;
  } else {
    if (s->step >= r->max_steps) s->cause = dslsim_time_limit;
    return;
  }
  *reward += r->fatal_reward;
}

int64_t dslsim_step(const dslsim_rules *r, dslsim_state *s, int16_t *slab, const int16_t *exists, uint64_t *worst,
                    uint8_t action) {
  const world w = world_at(r, s, slab);
  int64_t reward = r->uptime_reward;
  if (action < 4) {
    move(r, s, action);
  } else {
    reward += intervene(&w, worst, action);
  }
  s->budget = s->budget + r->recovery < r->budget ? s->budget + r->recovery : r->budget;
  const dslsim_cells cells = dslsim_cells_at(r, slab, exists);
  dslsim_advance(&cells, &r->physics, s->noise_key, (uint32_t)s->step, &s->sums);
  s->step += 1;
  const int is_fatal = s->sums.worst == dslsim_full ? restart(&w, &cells, &reward) : 0;
  settle(r, s, is_fatal, &reward);
  s->reward += reward;
  return reward;
}

void dslsim_observe(const dslsim_rules *r, const dslsim_state *s, const int16_t *slab, float *out) {
  const int16_t *cpu = slab, *memory = slab + r->padded, *priority = slab + 5 * r->padded;
  const int64_t rows[3] = {s->row == 0 ? r->height - 1 : s->row - 1, s->row, s->row == r->height - 1 ? 0 : s->row + 1};
  const int64_t columns[3] = {s->column == 0 ? r->width - 1 : s->column - 1, s->column,
                              s->column == r->width - 1 ? 0 : s->column + 1};
  float *seen = out;
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++, seen += 3) {
      const int64_t cell = rows[i] * r->width + columns[j];
      seen[0] = (float)cpu[cell] * 0x1p-15f;
      seen[1] = (float)memory[cell] * 0x1p-15f;
      seen[2] = (float)priority[cell] * 0x1p-14f;
    }
  }
  const float full = (float)r->cells * 32768;
  out[27] = (float)s->row / (float)r->height;
  out[28] = (float)s->column / (float)r->width;
  out[29] = (float)s->budget / (float)r->budget;
  out[30] = (float)s->sums.cpu / full;
  out[31] = (float)s->sums.memory / full;
  out[32] = (float)s->sums.hot / (float)r->cells;
  out[33] = (float)s->step / (float)r->max_steps;
  out[34] = (float)s->sums.worst_critical * 0x1p-15f;
}

int32_t dslsim_fits(const dslsim_rules *r, const dslsim_state *s) {
  return s->row >= 0 && s->row < r->height && s->column >= 0 && s->column < r->width && s->step >= 0 &&
         s->step <= r->max_steps && s->budget >= 0 && s->budget <= r->budget && s->level >= 0 &&
         s->level <= r->difficulty_levels && s->cause >= dslsim_none && s->cause <= dslsim_time_limit;
}
