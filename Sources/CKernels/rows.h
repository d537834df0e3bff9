// Sums, products and exponentials over one contiguous row, in fixed lanes.
#ifndef LOCKSTEP_ROWS_H
#define LOCKSTEP_ROWS_H

#include "sums.h"
#include "vector_math.h"

/// The last LANES values of a row, those of a shorter row at its end; what is left of the row is
/// the last n % LANES of them.
INLINE void load_last(ptrdiff_t n, const float *a, float *last) {
  if (n >= LANES) {
    __builtin_memcpy(last, a + n - LANES, LANES * sizeof *last);
  } else {
    for (int l = 0; l < LANES; l++) last[l] = -INFINITY;
    for (int l = 0; l < n; l++) last[LANES - n + l] = a[l];
  }
}

// The next row is fetched while this one is computed: the pass that begins it would wait otherwise.
// In longer rows the processor's own prefetcher has time to begin.
enum { LONGEST_FETCHED_ROW = 4096 };

/// Asks for `n` numbers of the row of `columns` that follows the one with `a`, where they are at the
/// same place.
INLINE void fetch_next(ptrdiff_t columns, ptrdiff_t n, const float *a) {
  if (columns > LONGEST_FETCHED_ROW) return;
  for (ptrdiff_t i = 0; i < n; i += LANES) __builtin_prefetch(a + columns + i, 0, 2);
}

/// The same for numbers that will be written.
INLINE void fetch_next_room(ptrdiff_t columns, ptrdiff_t n, float *a) {
  if (columns > LONGEST_FETCHED_ROW) return;
  for (ptrdiff_t i = 0; i < n; i += LANES) __builtin_prefetch(a + columns + i, 1, 2);
}

/// A plain maximum: a NaN that it misses still reaches the sum of exponentials.
INLINE float row_maximum(ptrdiff_t n, const float *a) {
  float lanes[LANES], last[LANES];
  load_last(n, a, last);
  for (int l = 0; l < LANES; l++) lanes[l] = last[l] == last[l] ? last[l] : -INFINITY;
  for (ptrdiff_t i = 0; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++) lanes[l] = a[i + l] > lanes[l] ? a[i + l] : lanes[l];
  // A row of -infinity alone would give NaN by infinity - infinity, as it should.
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int l = 0; l < width; l++)
      lanes[l] = lanes[l + width] > lanes[l] ? lanes[l + width] : lanes[l];
  return lanes[0];
}

/// The sum of exp(a - shift); the exponentials themselves go to `out` unless it is null. Other such
/// rows follow without gaps.
INLINE float exp_sum(ptrdiff_t n, const float *a, float shift, float *out) {
  // Exponentials and sum take turns: both at once need more registers than there are.
  enum { BLOCK = 256 };
  float block[BLOCK], last[LANES];
  // Loaded before `out`, which may be `a`, is written.
  load_last(n, a, last);
  const ptrdiff_t whole = n - n % LANES;
  lanes_t sum = {0};
  double total = 0;
  for (ptrdiff_t start = 0; start < whole; start += BLOCK) {
    const ptrdiff_t size = whole - start < BLOCK ? whole - start : BLOCK;
    const float *x = a + start;
    float *y = out ? out + start : block;
    fetch_next(n, size, x);
    if (out) fetch_next_room(n, size, y);
    INDEPENDENT_CHAINS for (ptrdiff_t i = 0; i < size; i++) y[i] = exp_nonpositive(x[i] - shift);
    for (ptrdiff_t i = 0; i < size; i += LANES) sum += *(const lanes_t *)(y + i);
    if (start + BLOCK < whole) {
      total += lanes_sum(&sum);
      sum = (lanes_t){0};
    }
  }
  if (whole < n) {
    const int left = (int)(n - whole);
    float e[LANES];
    for (int l = 0; l < LANES; l++) e[l] = exp_nonpositive(last[l] - shift);
    if (out && n >= LANES) __builtin_memcpy(out + n - LANES, e, sizeof e);
    else if (out)
      for (int l = 0; l < left; l++) out[l] = e[LANES - left + l];
    for (int l = 0; l < LANES; l++) e[l] = l >= LANES - left ? e[l] : 0.0f;
    sum += *(const lanes_t *)e;
  }
  return (float)(total + lanes_sum(&sum));
}

/// The sum of at most SUM_BLOCK numbers.
INLINE float block_sum(ptrdiff_t n, const float *a) {
  lanes_t s = {0}, t = {0};
  ptrdiff_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    s += *(const lanes_t *)(a + i);
    t += *(const lanes_t *)(a + i + LANES);
  }
  for (; i + LANES <= n; i += LANES) s += *(const lanes_t *)(a + i);
  s += t;
  float total = lanes_sum(&s);
  for (; i < n; i++) total += a[i];
  return total;
}

/// The same of (a - centre)^2.
INLINE float block_squares(ptrdiff_t n, const float *a, float center) {
  lanes_t s = {0}, t = {0};
  ptrdiff_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    const lanes_t x = *(const lanes_t *)(a + i) - center;
    const lanes_t y = *(const lanes_t *)(a + i + LANES) - center;
    s += x * x;
    t += y * y;
  }
  for (; i + LANES <= n; i += LANES) {
    const lanes_t x = *(const lanes_t *)(a + i) - center;
    s += x * x;
  }
  s += t;
  float total = lanes_sum(&s);
  for (; i < n; i++) total += (a[i] - center) * (a[i] - center);
  return total;
}

/// The same of a * b.
INLINE float block_dot(ptrdiff_t n, const float *a, const float *b) {
  lanes_t s = {0}, t = {0};
  ptrdiff_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    s += *(const lanes_t *)(a + i) * *(const lanes_t *)(b + i);
    t += *(const lanes_t *)(a + i + LANES) * *(const lanes_t *)(b + i + LANES);
  }
  for (; i + LANES <= n; i += LANES) s += *(const lanes_t *)(a + i) * *(const lanes_t *)(b + i);
  s += t;
  float total = lanes_sum(&s);
  for (; i < n; i++) total += a[i] * b[i];
  return total;
}

/// The sum over the blocks of n numbers of `sum`, an expression of `i` and `some`, where each begins
/// and ends.
#define OVER_BLOCKS(n, sum)                                                                      \
  double total = 0;                                                                              \
  for (ptrdiff_t i = 0; i < n; i += SUM_BLOCK) {                                                 \
    const ptrdiff_t some = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;                                \
    total += sum;                                                                                \
  }                                                                                              \
  return total;

INLINE double row_sum(ptrdiff_t n, const float *a) { OVER_BLOCKS(n, block_sum(some, a + i)) }

/// The sum of (a - centre)^2.
INLINE double row_squares(ptrdiff_t n, const float *a, float center) {
  OVER_BLOCKS(n, block_squares(some, a + i, center))
}

INLINE double dot(ptrdiff_t n, const float *a, const float *b) {
  OVER_BLOCKS(n, block_dot(some, a + i, b + i))
}

#endif
