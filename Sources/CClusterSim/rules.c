#include "cclustersim.h"

#include <math.h>
#include <string.h>

// A product and a sum that are done as one would round once where the rules round twice.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

// The constants by name, and the same in the units of the state.

enum {
  height, width, max_steps,
  initial_memory, critical_share, hot_share, hot_memory_low, hot_memory_high, base_low, base_high,
  leak, leaker_share, leaker_factor, cpu_reversion, cpu_noise, burst, burst_probability, memory_coupling,
  restart_memory, restart_cpu,
  clean_cpu, clean_cost, clean_reward, memory_clean_cost, memory_clean_reward, throttle_cpu, throttle_cost,
  throttle_reward, scale_nodes, scale_line, scale_memory, scale_cpu, scale_cost, scale_reward, relief_line,
  relief_cpu_weight, wasted_reward,
  budget, budget_recovery, uptime_reward, oom_reward, fatal_reward,
  hot_line, collapse_load, oom_limit, bankruptcy_steps, panic_steps, difficulty_levels, difficulty_leak,
  difficulty_raise_after,
  field_count,
};

#define WHOLE(field, low, high, value) [field] = {#field, 1, low, high, value}
#define REAL(field, low, high, value) [field] = {#field, 0, low, high, value}

const dslsim_field dslsim_field_table[dslsim_fields] = {
  WHOLE(height, 1, 64, 6), WHOLE(width, 1, 64, 6), WHOLE(max_steps, 1, 1000000, 500),
  REAL(initial_memory, 0, 0.99, 0.1), REAL(critical_share, 0, 1, 0.4444), REAL(hot_share, 0, 1, 0.2222),
  REAL(hot_memory_low, 0, 0.99, 0.73), REAL(hot_memory_high, 0, 0.99, 0.955), REAL(base_low, 0, 1, 0.15),
  REAL(base_high, 0, 1, 0.55),
  REAL(leak, 0, 0.005, 0.0005), REAL(leaker_share, 0, 1, 0.0625), REAL(leaker_factor, 0, 100, 7),
  REAL(cpu_reversion, 0, 0.49, 0.08), REAL(cpu_noise, 0, 0.14, 0.05), REAL(burst, 0, 0.5, 0.4),
  REAL(burst_probability, 0, 0.5, 0.01), REAL(memory_coupling, 0, 1, 1), REAL(restart_memory, 0, 0.99, 0.2),
  REAL(restart_cpu, 0, 1, 0.3),
  REAL(clean_cpu, 0, 1, 0.5), REAL(clean_cost, 0, 1000, 2), REAL(clean_reward, -1000, 1000, -1.5),
  REAL(memory_clean_cost, 0, 1000, 1), REAL(memory_clean_reward, -1000, 1000, -1), REAL(throttle_cpu, 0, 1, 0.3),
  REAL(throttle_cost, 0, 1000, 0.5), REAL(throttle_reward, -1000, 1000, -1.15), WHOLE(scale_nodes, 1, 64, 8),
  REAL(scale_line, 0, 1, 0.6), REAL(scale_memory, 0, 1, 0.2), REAL(scale_cpu, 0, 1, 0.3),
  REAL(scale_cost, 0.001, 1000, 10), REAL(scale_reward, -1000, 1000, -2.5), REAL(relief_line, 0, 2, 0.25),
  REAL(relief_cpu_weight, 0, 1, 0.3), REAL(wasted_reward, -1000, 1000, -0.65),
  REAL(budget, 0.001, 1000000, 100), REAL(budget_recovery, 0, 1000, 0.25), REAL(uptime_reward, -1000, 1000, 0.5),
  REAL(oom_reward, -1000, 1000, -10), REAL(fatal_reward, -1000, 1000, -100),
  REAL(hot_line, 0, 1, 0.8), REAL(collapse_load, 0, 1, 0.85), WHOLE(oom_limit, 0, 1000000, 0),
  WHOLE(bankruptcy_steps, 0, 1000000, 0), WHOLE(panic_steps, 0, 1000000, 0), WHOLE(difficulty_levels, 0, 16, 0),
  REAL(difficulty_leak, 0, 1, 0.1), WHOLE(difficulty_raise_after, 1, 1000, 3),
};

_Static_assert((int)field_count == (int)dslsim_fields, "every field has its row");

/// Units of a leak in 1: sixteenths of 1/32768; the fastest in them.
static const double leak_units = 524288;
static const int64_t largest_leak = 4095;

const char *dslsim_check(const double v[dslsim_fields], double *low, double *high) {
  for (int i = 0; i < dslsim_fields; i++) {
    const dslsim_field *field = &dslsim_field_table[i];
    *low = field->low;
    *high = field->high;
    // Written so that NaN is in no range.
    if (!(v[i] >= field->low && v[i] <= field->high)) return field->name;
    if (field->is_whole && v[i] != floor(v[i])) return field->name;
  }
  *low = 1;
  *high = 0;
  if (v[hot_memory_low] > v[hot_memory_high]) return "hot_memory_low";
  if (v[base_low] > v[base_high]) return "base_low";
  const double factor = v[leaker_factor] > 1 ? v[leaker_factor] : 1;
  const double fastest = v[leak] * 1.5 * factor * (1 + v[difficulty_levels] * v[difficulty_leak]);
  return fastest <= (double)largest_leak / leak_units ? NULL : "leak";
}

int32_t dslsim_preset(const char *name, double v[dslsim_fields]) {
  if (strcmp(name, "canonical") == 0) return 1;
  if (strcmp(name, "calm") == 0) {
    v[leak] = 0.00025;
    v[leaker_factor] = 4;
    v[hot_share] = 0.1111;
    v[hot_memory_high] = 0.85;
    v[burst_probability] = 0.005;
    return 1;
  }
  if (strcmp(name, "storm") == 0) {
    v[leak] = 0.0007;
    v[leaker_factor] = 5;
    v[leaker_share] = 0.125;
    v[hot_share] = 0.3333;
    v[burst_probability] = 0.02;
    v[oom_limit] = 5;
    v[bankruptcy_steps] = 1;
    v[panic_steps] = 25;
    v[difficulty_levels] = 4;
    v[difficulty_leak] = 0.05;
    return 1;
  }
  return 0;
}

/// Half to even, as the processor rounds unless it was told otherwise.
static int64_t rounded(double value) {
  const double down = floor(value), rest = value - down;
  const int64_t whole = (int64_t)down;
  if (rest > 0.5) return whole + 1;
  if (rest < 0.5) return whole;
  return whole + (whole & 1);
}

static int32_t level(double value) {
  const int64_t units = rounded(value * 32768);
  return units < dslsim_full ? (int32_t)units : dslsim_full;
}

static int64_t points(double value) { return rounded(value * 1000); }

static void derive_physics(const double v[dslsim_fields], dslsim_constants *k) {
  k->reversion = (int16_t)rounded(v[cpu_reversion] * 65536);
  k->noise = (int16_t)rounded(v[cpu_noise] * sqrt(12.0) * 32768);
  k->burst = (int16_t)level(v[burst]);
  k->burst_below = (int16_t)(rounded(v[burst_probability] * 65536) - 32768);
  k->coupling = (int16_t)level(v[memory_coupling]);
  k->hot_line = (int16_t)level(v[hot_line]);
}

void dslsim_derive(const double v[dslsim_fields], dslsim_rules *r) {
  memset(r, 0, sizeof *r);
  r->height = (int32_t)v[height];
  r->width = (int32_t)v[width];
  r->cells = r->height * r->width;
  r->padded = (r->cells + dslsim_group - 1) / dslsim_group * dslsim_group;
  r->max_steps = (int32_t)v[max_steps];
  r->initial_memory = level(v[initial_memory]);
  r->hot_low = level(v[hot_memory_low]);
  r->hot_high = level(v[hot_memory_high]);
  r->base_low = level(v[base_low]);
  r->base_high = level(v[base_high]);
  r->critical_cells = (int32_t)rounded(v[critical_share] * r->cells);
  r->hot_cells = (int32_t)rounded(v[hot_share] * r->cells);
  r->leakers = (int32_t)rounded(v[leaker_share] * r->cells);
  r->leak = rounded(v[leak] * leak_units * 65536);
  r->leaker_factor = rounded(v[leaker_factor] * 256);
  r->difficulty_leak = rounded(v[difficulty_leak] * 256);
  r->restart_memory = (int16_t)level(v[restart_memory]);
  r->restart_cpu = (int16_t)level(v[restart_cpu]);
  r->clean_cpu = (int16_t)level(v[clean_cpu]);
  r->throttle_cpu = (int16_t)level(v[throttle_cpu]);
  r->scale_memory = (int16_t)level(v[scale_memory]);
  r->scale_cpu = (int16_t)level(v[scale_cpu]);
  r->scale_line = (int16_t)level(v[scale_line]);
  r->clean_cost = points(v[clean_cost]);
  r->memory_clean_cost = points(v[memory_clean_cost]);
  r->throttle_cost = points(v[throttle_cost]);
  r->scale_cost = points(v[scale_cost]);
  r->clean_reward = points(v[clean_reward]);
  r->memory_clean_reward = points(v[memory_clean_reward]);
  r->throttle_reward = points(v[throttle_reward]);
  r->scale_reward = points(v[scale_reward]);
  r->wasted_reward = points(v[wasted_reward]);
  r->uptime_reward = points(v[uptime_reward]);
  r->oom_reward = points(v[oom_reward]);
  r->fatal_reward = points(v[fatal_reward]);
  r->budget = points(v[budget]);
  r->recovery = points(v[budget_recovery]);
  r->cheapest = r->clean_cost;
  if (r->memory_clean_cost < r->cheapest) r->cheapest = r->memory_clean_cost;
  if (r->throttle_cost < r->cheapest) r->cheapest = r->throttle_cost;
  if (r->scale_cost < r->cheapest) r->cheapest = r->scale_cost;
  r->relief_line = rounded(v[relief_line] * 32768 * 256);
  r->relief_cpu_weight = rounded(v[relief_cpu_weight] * 256);
  r->collapse_sum = rounded(v[collapse_load] * 2 * 32768 * r->cells);
  r->scale_nodes = (int32_t)v[scale_nodes];
  r->oom_limit = (int32_t)v[oom_limit];
  r->bankruptcy_steps = (int32_t)v[bankruptcy_steps];
  r->panic_steps = (int32_t)v[panic_steps];
  r->difficulty_levels = (int32_t)v[difficulty_levels];
  r->raise_after = (int32_t)v[difficulty_raise_after];
  derive_physics(v, &r->physics);
}
