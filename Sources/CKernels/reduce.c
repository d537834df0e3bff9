#include "kernel.h"

// Long sums are sums of blocks, so that the rounding error grows with the number of blocks and not of elements.
enum { BLOCK = 4096 };

INLINE float block_sum(ptrdiff_t n, const float *a) {
  lanes_t s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  ptrdiff_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    s0 += *(const lanes_t *)(a + i);
    s1 += *(const lanes_t *)(a + i + LANES);
    s2 += *(const lanes_t *)(a + i + 2 * LANES);
    s3 += *(const lanes_t *)(a + i + 3 * LANES);
  }
  for (; i + LANES <= n; i += LANES) s0 += *(const lanes_t *)(a + i);
  s0 = (s0 + s1) + (s2 + s3);
  float tail = 0;
  for (; i < n; i++) tail += a[i];
  return lanes_sum(&s0) + tail;
}

INLINE float sum(ptrdiff_t n, const float *a) {
  float total = 0;
  for (ptrdiff_t i = 0; i < n; i += BLOCK) total += block_sum(n - i < BLOCK ? n - i : BLOCK, a + i);
  return total;
}

KERNEL float lk_sum(ptrdiff_t n, const float *a) { return sum(n, a); }

KERNEL void lk_sum_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                        float *out) {
  for (ptrdiff_t r = 0; r < rows; r++) out[r] = sum(columns, a + r * stride);
}

KERNEL void lk_sum_columns(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                           float *out, bool accumulate) {
  ptrdiff_t c = 0;
  for (; c + 2 * LANES <= columns; c += 2 * LANES) {
    lanes_t s0 = {0}, s1 = {0};
    for (ptrdiff_t r = 0; r < rows; r++) {
      s0 += *(const lanes_t *)(a + r * stride + c);
      s1 += *(const lanes_t *)(a + r * stride + c + LANES);
    }
    lanes_t *o = (lanes_t *)(out + c);
    o[0] = accumulate ? o[0] + s0 : s0;
    o[1] = accumulate ? o[1] + s1 : s1;
  }
  for (; c < columns; c++) {
    float s = 0;
    for (ptrdiff_t r = 0; r < rows; r++) s += a[r * stride + c];
    out[c] = accumulate ? out[c] + s : s;
  }
}

KERNEL float lk_maximum_of(ptrdiff_t n, const float *a) {
  float lanes[LANES];
  for (int l = 0; l < LANES; l++) lanes[l] = a[0];
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++) {
      const float x = a[i + l], y = lanes[l];
      lanes[l] = y > x ? y : (y != y ? y : x);
    }
  float best = a[0];
  for (int l = 0; l < LANES; l++) best = best > lanes[l] || best != best ? best : lanes[l];
  for (; i < n; i++) best = best > a[i] || best != best ? best : a[i];
  return best;
}

KERNEL ptrdiff_t lk_index_of_extreme(ptrdiff_t n, const float *a, float sign) {
  ptrdiff_t index = 0;
  float best = sign * a[0];
  for (ptrdiff_t i = 1; i < n && best == best; i++) {
    const float x = sign * a[i];
    if (x > best || x != x) {
      best = x;
      index = i;
    }
  }
  return index;
}
