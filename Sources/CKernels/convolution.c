#include "kernel.h"

// Rows whose sums are in registers together: with 16 lanes each, 12 of the 16 registers of AVX2 and
// 12 of the 32 of AVX-512, enough to hide the latency of a multiply-add.
enum { TILE = 6, WIDE_TILE = 12 };

INLINE int widest_tile(void) {
#if defined(__x86_64__) && defined(__linux__)
  return __builtin_cpu_supports("avx512f") ? WIDE_TILE : TILE;
#else
  return TILE;
#endif
}

/// One tile of n rows; n and `by_lane` (`lk_convolve_lanes` or `lk_convolve_rows`) are constants.
INLINE void convolve_tile(const int n, const bool by_lane, const int32_t *rows, ptrdiff_t steps,
                          const int32_t *offsets, const float *x, const float *weights, float *out,
                          bool accumulate) {
  const float *at[WIDE_TILE];
  lanes_t sum[WIDE_TILE];
  for (int r = 0; r < n; r++) at[r] = x + rows[r] * (by_lane ? LANES : 1);
  for (int r = 0; r < n; r++)
    sum[r] = accumulate ? *(const lanes_t *)(out + r * LANES) : (lanes_t){0};
  _Pragma("clang loop unroll_count(4)") for (ptrdiff_t s = 0; s < steps; s++) {
    const lanes_t w = *(const lanes_t *)(weights + s * LANES);
    const ptrdiff_t offset = offsets[s] * (by_lane ? LANES : 1);
    for (int r = 0; r < n; r++)
      sum[r] += by_lane ? w * *(const lanes_t *)(at[r] + offset) : w * at[r][offset];
  }
  for (int r = 0; r < n; r++) *(lanes_t *)(out + r * LANES) = sum[r];
}

INLINE void convolve(const bool by_lane, ptrdiff_t rows, const int32_t *row_offsets,
                     ptrdiff_t steps, const int32_t *step_offsets, const float *x,
                     const float *weights, float *out, bool accumulate) {
  // Tiles of nearly equal size: a tile of one row would wait for its own sums.
  const ptrdiff_t tiles = (rows + widest_tile() - 1) / widest_tile();
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t first = rows * t / tiles;
    const int32_t *const r = row_offsets + first;
    float *const o = out + first * LANES;
#define CASE(n)                                                                                  \
  case n: convolve_tile(n, by_lane, r, steps, step_offsets, x, weights, o, accumulate); break;
    switch (rows * (t + 1) / tiles - first) {
      CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
      CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
    }
#undef CASE
  }
}

KERNEL void lk_convolve_rows(ptrdiff_t rows, const int32_t *row_offsets, ptrdiff_t steps,
                             const int32_t *step_offsets, const float *x, const float *weights,
                             float *out, bool accumulate) {
  convolve(false, rows, row_offsets, steps, step_offsets, x, weights, out, accumulate);
}

KERNEL void lk_convolve_lanes(ptrdiff_t rows, const int32_t *row_offsets, ptrdiff_t steps,
                              const int32_t *step_offsets, const float *x, const float *weights,
                              float *out, bool accumulate) {
  convolve(true, rows, row_offsets, steps, step_offsets, x, weights, out, accumulate);
}

INLINE ptrdiff_t clamped(ptrdiff_t value, ptrdiff_t limit) {
  return value < 0 ? 0 : value > limit ? limit : value;
}

KERNEL void lk_pad_planes(ptrdiff_t planes, ptrdiff_t height, ptrdiff_t width, const float *a,
                          ptrdiff_t top, ptrdiff_t left, ptrdiff_t padded_height,
                          ptrdiff_t padded_width, float *out) {
  const ptrdiff_t begin = clamped(left, padded_width);
  const ptrdiff_t end = clamped(left + width, padded_width);
  for (ptrdiff_t p = 0; p < planes; p++, a += height * width)
    for (ptrdiff_t y = 0; y < padded_height; y++, out += padded_width) {
      const bool is_inside = y >= top && y < top + height;
      const ptrdiff_t first = is_inside ? begin : padded_width;
      const ptrdiff_t last = is_inside ? end : padded_width;
      const float *const row = a + (y - top) * width - left;
      for (ptrdiff_t i = 0; i < first; i++) out[i] = 0;
      for (ptrdiff_t i = first; i < last; i++) out[i] = row[i];
      for (ptrdiff_t i = last; i < padded_width; i++) out[i] = 0;
    }
}
