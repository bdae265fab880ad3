#pragma once
#include <stdint.h>

// The physics of one step over the cells of one cluster. docs/simulator.md has the arithmetic line by line.

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

/// Advances all cells by a step with the noise of (key, step), and sums them up.
void dslsim_advance(const dslsim_cells *cells, const dslsim_constants *constants, uint64_t key, uint32_t step,
                    dslsim_sums *sums);

/// Sums the cells up as they are.
void dslsim_sum(const dslsim_cells *cells, const dslsim_constants *constants, dslsim_sums *sums);
