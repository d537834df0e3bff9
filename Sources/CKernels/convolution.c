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
INLINE void convolve_tile(const int n, const bool by_lane, const int32_t *rows, ptrdiff_t steps, const int32_t *offsets,
                          const float *x, const float *weights, float *out, bool accumulate) {
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

typedef float eight_t __attribute__((vector_size(32), aligned(4)));
enum { EIGHT = 8 };

/// Transposes the square of eight vectors of eight.
INLINE void transpose(eight_t v[EIGHT]) {
  eight_t t[EIGHT], u[EIGHT];
  for (int i = 0; i < EIGHT; i += 2) {
    t[i] = __builtin_shufflevector(v[i], v[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[i + 1] = __builtin_shufflevector(v[i], v[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < EIGHT; i += 4)
    for (int j = 0; j < 2; j++) {
      u[i + 2 * j] = __builtin_shufflevector(t[i + j], t[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      u[i + 2 * j + 1] =
          __builtin_shufflevector(t[i + j], t[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; i++) {
    v[i] = __builtin_shufflevector(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    v[i + 4] = __builtin_shufflevector(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

KERNEL void lk_lanes_from_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                               float *out, ptrdiff_t leading) {
  ptrdiff_t c = 0;
  for (; c + EIGHT <= columns; c += EIGHT)
    for (int first = 0; first < LANES; first += EIGHT) {
      eight_t v[EIGHT];
      for (int r = 0; r < EIGHT; r++)
        v[r] = first + r < rows ? *(const eight_t *)(a + (first + r) * stride + c) : (eight_t){0};
      transpose(v);
      for (int r = 0; r < EIGHT; r++) *(eight_t *)(out + (c + r) * leading + first) = v[r];
    }
  for (; c < columns; c++)
    for (int r = 0; r < LANES; r++) out[c * leading + r] = r < rows ? a[r * stride + c] : 0;
}

KERNEL void lk_rows_from_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                               ptrdiff_t leading, const float *bias, float *out, ptrdiff_t stride,
                               bool accumulate) {
  ptrdiff_t c = 0;
  for (; c + EIGHT <= columns; c += EIGHT)
    for (int first = 0; first < rows; first += EIGHT) {
      eight_t v[EIGHT];
      for (int r = 0; r < EIGHT; r++) v[r] = *(const eight_t *)(a + (c + r) * leading + first);
      transpose(v);
      for (int r = 0; r < EIGHT && first + r < rows; r++) {
        eight_t *const o = (eight_t *)(out + (first + r) * stride + c);
        if (bias) v[r] += bias[first + r];
        *o = accumulate ? *o + v[r] : v[r];
      }
    }
  for (; c < columns; c++)
    for (ptrdiff_t r = 0; r < rows; r++) {
      const float value = a[c * leading + r] + (bias ? bias[r] : 0);
      float *const o = out + r * stride + c;
      *o = accumulate ? *o + value : value;
    }
}

void lk_scatter_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a, const float *bias,
                      const int32_t *places, float *out, ptrdiff_t stride, bool accumulate) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *const to = out + r * stride;
    for (ptrdiff_t c = 0; c < columns; c++) {
      const float value = a[c * LANES + r] + (bias ? bias[r] : 0);
      to[places[c]] = accumulate ? to[places[c]] + value : value;
    }
  }
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
