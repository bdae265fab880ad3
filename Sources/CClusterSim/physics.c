#include "cclustersim.h"

#include <string.h>

// Vectors of a fixed width that the compiler maps to what the processor has. All arithmetic is in integers: every clone
// gives the same bits.
typedef uint64_t u64x8 __attribute__((vector_size(64)));
typedef int16_t i16x32 __attribute__((vector_size(64)));
typedef uint16_t u16x32 __attribute__((vector_size(64)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef int32_t i32x32 __attribute__((vector_size(128)));
typedef uint32_t u32x32 __attribute__((vector_size(128)));

// Which clone runs is chosen when the program is loaded; that takes glibc. DSLSIM_ONE_VARIANT builds the default alone, which a
// test holds the others against.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(DSLSIM_ONE_VARIANT)
#define HAS_CLONES 1
#define CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define CLONES
#endif

const char *dslsim_physics_variant(void) {
#if defined(HAS_CLONES)
  // The same questions that the choice of a clone asks, best first.
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
  if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
  return "default";
}

// The high halves of products: one instruction, if the compiler sees all of the expression in one place.
#define HIGH(a, b) \
  __builtin_convertvector((__builtin_convertvector((a), i32x32) * __builtin_convertvector((b), i32x32)) >> 16, i16x32)
#define UNSIGNED_HIGH(a, b) \
  __builtin_convertvector((__builtin_convertvector((a), u32x32) * __builtin_convertvector((b), u32x32)) >> 16, u16x32)
// Sums in 32-bit lanes of 16-bit ones, none of which is negative.
#define PAIRS(values) ((i32x16)((u32x16)(values) & 0xFFFF) + (i32x16)((u32x16)(values) >> 16))
// Keeps what is made of a number inside of a loop that does not change it: outside, constants are widened for nothing, and
// fill more registers than there are.
#define HERE(number) __asm__("" : "+r"(number))
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define MIN __builtin_elementwise_min
#define MAX __builtin_elementwise_max
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define MIN(a, b) chosen((a) < (b), (a), (b))
#define MAX(a, b) chosen((a) > (b), (a), (b))
#define chosen(mask, a, b) (((mask) & (a)) | (~(mask) & (b)))
#define UNROLL _Pragma("GCC unroll 10")
#endif
#define LOAD(to, from) memcpy(&(to), (from), sizeof(to))
#define STORE(to, from) memcpy((to), &(from), sizeof(from))

enum { full = 32767, group = 64, lanes = 32 };

static const u64x8 places = {0, 1, 2, 3, 4, 5, 6, 7};

/// Partial sums, one a lane.
typedef struct {
  i32x16 cpu, memory;
  i16x32 hot, worst, worst_critical;
} partial;

/// Philox4x32-10, eight counters side by side, each word in the low half of a 64-bit lane. What a high half holds is of no
/// account: products take low halves, and whoever uses a word does.
INLINE void philox8(u64x8 c[4], uint64_t key) {
  const u64x8 low = (u64x8){0} + 0xFFFFFFFFu;
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  HERE(k0);
  HERE(k1);
UNROLL
  for (int round = 0; round < 10; round++) {
    const u64x8 p0 = (c[0] & low) * 0xD2511F53u, p1 = (c[2] & low) * 0xCD9E8D57u;
    c[0] = (p1 >> 32) ^ c[1] ^ k0;
    c[1] = p1;
    c[2] = (p0 >> 32) ^ c[3] ^ k1;
    c[3] = p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

CLONES
void dslsim_draw8(uint64_t key, uint32_t step, uint32_t first, uint32_t stream, uint32_t out[8][4]) {
  u64x8 c[4] = {places + first, (u64x8){0} + step, (u64x8){0} + stream, {0}};
  philox8(c, key);
  for (int lane = 0; lane < 8; lane++) {
UNROLL
    for (int word = 0; word < 4; word++) out[lane][word] = (uint32_t)c[word][lane];
  }
}

CLONES
void dslsim_advance(const dslsim_cells *cells, const dslsim_constants *k, uint64_t key, uint32_t step,
                    dslsim_sums *sums) {
  partial part;
  memset(&part, 0, sizeof part);
  const i16x32 zero = {0};
  for (int32_t cell = 0; cell < cells->padded; cell += group) {
    int reverting = k->reversion, noisy = k->noise, coupled = k->coupling;
    HERE(reverting);
    HERE(noisy);
    HERE(coupled);
    const i16x32 reversion = zero + (int16_t)reverting, noise = zero + (int16_t)noisy;
    const i16x32 coupling = zero + (int16_t)coupled, burst = zero + k->burst, below = zero + k->burst_below;
    const i16x32 hot_line = zero + k->hot_line;
    const u64x8 low = (u64x8){0} + 0xFFFFFFFFu;
    u64x8 c[4] = {places + (uint64_t)(cell / 8), (u64x8){0} + step, {0}, {0}};
    philox8(c, key);
    const u64x8 words[2] = {(c[0] & low) | (c[1] << 32), (c[2] & low) | (c[3] << 32)};
UNROLL
    for (int half = 0; half < 2; half++) {
      const int32_t at = cell + half * lanes;
      i16x32 cpu, memory, base, leak, critical, exists;
      LOAD(cpu, cells->cpu + at);
      LOAD(memory, cells->memory + at);
      LOAD(base, cells->base + at);
      LOAD(leak, cells->leak + at);
      LOAD(critical, cells->critical + at);
      LOAD(exists, cells->exists + at);
      const u16x32 a = (u16x32)words[half];
      // Twice the fifteen bits of the draw; drive is half of what they weigh, and never negative.
      const u16x32 memory_draw = (a * 0x9E37) & 0xFFFE;
      const i16x32 bursts = (i16x32)(a * 0x6C8F) < below;
      const i16x32 change = HIGH(base - cpu, reversion) + HIGH((i16x32)a, noise) + (bursts & burst);
      const i16x32 drive = leak + HIGH(leak << 2, HIGH(cpu, coupling));
      const i16x32 drift = ((drive >> 1) + (i16x32)UNSIGNED_HIGH((u16x32)drive, memory_draw) + 8) >> 4;
      cpu = MAX(cpu + MIN(change, full - cpu), zero) & exists;
      memory += MIN(drift, full - memory);
      STORE(cells->cpu + at, cpu);
      STORE(cells->memory + at, memory);
      part.cpu += PAIRS(cpu);
      part.memory += PAIRS(memory);
      part.hot -= MAX(cpu, memory) > hot_line;
      part.worst = MAX(part.worst, memory);
      part.worst_critical = MAX(part.worst_critical, memory & critical);
    }
  }
#if defined(__clang__)
  sums->cpu = __builtin_reduce_add(part.cpu);
  sums->memory = __builtin_reduce_add(part.memory);
  sums->hot = __builtin_reduce_add(part.hot);
  sums->worst = __builtin_reduce_max(part.worst);
  sums->worst_critical = __builtin_reduce_max(part.worst_critical);
#else
  memset(sums, 0, sizeof *sums);
  for (int lane = 0; lane < lanes / 2; lane++) {
    sums->cpu += part.cpu[lane];
    sums->memory += part.memory[lane];
  }
  int16_t worst = 0, worst_critical = 0;
  for (int lane = 0; lane < lanes; lane++) {
    sums->hot += part.hot[lane];
    worst = worst > part.worst[lane] ? worst : part.worst[lane];
    worst_critical = worst_critical > part.worst_critical[lane] ? worst_critical : part.worst_critical[lane];
  }
  sums->worst = worst;
  sums->worst_critical = worst_critical;
#endif
}

void dslsim_sum(const dslsim_cells *cells, const dslsim_constants *k, dslsim_sums *sums) {
  dslsim_sums total = {0};
  for (int32_t i = 0; i < cells->padded; i++) {
    const int16_t cpu = cells->cpu[i], memory = cells->memory[i];
    const int16_t critical = memory & cells->critical[i];
    total.cpu += cpu;
    total.memory += memory;
    total.hot += cpu > k->hot_line || memory > k->hot_line;
    if (memory > total.worst) total.worst = memory;
    if (critical > total.worst_critical) total.worst_critical = critical;
  }
  *sums = total;
}
