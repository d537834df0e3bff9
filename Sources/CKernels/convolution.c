#include "transpose.h"

// Rows are computed in tiles, whose sums stay in registers while the loop goes over the steps.
//
// A row needs a pointer into the image, and there are fewer registers for these than for sums. So
// with AVX-512 a run, rows whose windows lie one after the other, has one pointer for all of them;
// a tile is a few runs, or equal parts of runs.

enum {
  /// Rows of a tile: with 16 lanes each, 12 of the 16 registers of AVX2; enough to hide the latency
  /// of a multiply-add.
  TILE = 6,
  /// Rows of a tile with AVX-512 where each has a pointer.
  WIDE_TILE = 12,
  /// The longest part of a run that a tile has, and the most rows of a tile of such parts.
  LONGEST = 8,
  MOST_ROWS = 28,
};

/// What a tile multiplies, but for its rows.
typedef struct {
  ptrdiff_t steps;
  const int32_t *offsets;
  const float *x, *weights;
  bool accumulate;
} windows_t;

/// A tile of `runs` runs of `length` rows each; these and `by_lane` (`lk_convolve_lanes` or
/// `lk_convolve_rows`) are constants.
INLINE void convolve_tile(const int runs, const int length, const bool by_lane, windows_t windows,
                          const int32_t *rows, float *out) {
  const int size = by_lane ? LANES : 1;
  const float *at[WIDE_TILE];
  lanes_t sum[MOST_ROWS];
#define UNROLLED _Pragma("clang loop unroll(full)")
  UNROLLED for (int q = 0; q < runs; q++) at[q] = windows.x + rows[q * length] * size;
  UNROLLED for (int r = 0; r < runs * length; r++) sum[r] = (lanes_t){0};
  _Pragma("clang loop unroll_count(4)") for (ptrdiff_t s = 0; s < windows.steps; s++) {
    const lanes_t w = *(const lanes_t *)(windows.weights + s * LANES);
    const ptrdiff_t offset = windows.offsets[s] * size;
    UNROLLED for (int r = 0; r < runs * length; r++) {
      const float *const value = at[r / length] + offset + r % length * size;
      sum[r] += by_lane ? w * *(const lanes_t *)value : w * *value;
    }
  }
  UNROLLED for (int r = 0; r < runs * length; r++) {
    lanes_t *const to = (lanes_t *)(out + r * LANES);
    *to = windows.accumulate ? *to + sum[r] : sum[r];
  }
#undef UNROLLED
}

/// As many runs as there are registers for their sums, and for pointers.
INLINE ptrdiff_t most_runs(const bool is_wide, ptrdiff_t length) {
  static const int8_t most[LONGEST + 1] = {0, WIDE_TILE, 8, 8, 6, 4, 4, 4, 3};
  return is_wide ? most[length] : TILE;
}

INLINE void convolve_some(const bool is_wide, ptrdiff_t runs, ptrdiff_t length,
                          const bool by_lane, windows_t windows, const int32_t *rows, float *out) {
#define CASE(runs, length)                                                                       \
  case length * 16 + runs: return convolve_tile(runs, length, by_lane, windows, rows, out);
#define CASES_3(length) CASE(1, length) CASE(2, length) CASE(3, length)
#define CASES_4(length) CASES_3(length) CASE(4, length)
#define CASES_6(length) CASES_4(length) CASE(5, length) CASE(6, length)
#define CASES_8(length) CASES_6(length) CASE(7, length) CASE(8, length)
#define CASES_12(length)                                                                         \
  CASES_8(length) CASE(9, length) CASE(10, length) CASE(11, length) CASE(12, length)
  if (is_wide) switch (length * 16 + runs) {
      CASES_12(1) CASES_8(2) CASES_8(3) CASES_6(4) CASES_4(5) CASES_4(6) CASES_4(7) CASES_3(8)
    }
  else switch (length * 16 + runs) { CASES_6(1) }
}

/// The length, at most LONGEST, of the fewest equal parts of a run.
INLINE ptrdiff_t part_of_run(ptrdiff_t run) {
  ptrdiff_t part = LONGEST;
  while (run % part != 0) part--;
  return part;
}

INLINE void convolve(const bool is_wide, const bool by_lane, ptrdiff_t count, ptrdiff_t run,
                     windows_t windows, const int32_t *rows, float *out) {
  const ptrdiff_t length = is_wide ? part_of_run(run) : 1, runs = count / length;
  // Tiles of nearly equal size: a small one would wait for its own sums.
  const ptrdiff_t most = most_runs(is_wide, length), tiles = (runs + most - 1) / most;
  for (ptrdiff_t t = 0; t < tiles; t++) {
    const ptrdiff_t first = runs * t / tiles, some = runs * (t + 1) / tiles - first;
    convolve_some(is_wide, some, length, by_lane, windows, rows + first * length,
                  out + first * length * LANES);
  }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx2,fma"))) static void convolve_512(
    const bool by_lane, ptrdiff_t count, ptrdiff_t run, windows_t windows, const int32_t *rows,
    float *out) {
  if (by_lane) convolve(true, true, count, run, windows, rows, out);
  else convolve(true, false, count, run, windows, rows, out);
}

#else
INLINE void convolve_512(const bool by_lane, ptrdiff_t count, ptrdiff_t run, windows_t windows,
                         const int32_t *rows, float *out) {}
#endif

INLINE void convolve_any(const bool by_lane, ptrdiff_t count, ptrdiff_t run, windows_t windows,
                         const int32_t *rows, float *out) {
  if (has_wide_registers()) convolve_512(by_lane, count, run, windows, rows, out);
  else convolve(false, by_lane, count, run, windows, rows, out);
}

KERNEL void lk_convolve_rows(ptrdiff_t count, ptrdiff_t run, const int32_t *row_offsets,
                             ptrdiff_t steps, const int32_t *step_offsets, const float *x,
                             const float *weights, float *out, bool accumulate) {
  const windows_t windows = {steps, step_offsets, x, weights, accumulate};
  convolve_any(false, count, run, windows, row_offsets, out);
}

KERNEL void lk_convolve_lanes(ptrdiff_t count, ptrdiff_t run, const int32_t *row_offsets,
                              ptrdiff_t steps, const int32_t *step_offsets, const float *x,
                              const float *weights, float *out, bool accumulate) {
  const windows_t windows = {steps, step_offsets, x, weights, accumulate};
  convolve_any(true, count, run, windows, row_offsets, out);
}

INLINE ptrdiff_t clamped(ptrdiff_t value, ptrdiff_t limit) {
  return value < 0 ? 0 : value > limit ? limit : value;
}

/// `n` numbers, or zeros where `from` is null. Rows of images are short: the last vector of one
/// overlaps the vector before it, and no other function is called.
INLINE void copy_short(ptrdiff_t n, const float *from, float *to) {
#define IN_VECTORS(type, width)                                                                  \
  if (n >= width) {                                                                              \
    for (ptrdiff_t i = 0; i < n; i += width) {                                                   \
      const ptrdiff_t at = i + width <= n ? i : n - width;                                       \
      *(type *)(to + at) = from ? *(const type *)(from + at) : (type){0};                        \
    }                                                                                            \
    return;                                                                                      \
  }
  IN_VECTORS(lanes_t, 16)
  IN_VECTORS(eight_t, 8)
  IN_VECTORS(four_t, 4)
#undef IN_VECTORS
  if (n > 0) to[0] = from ? from[0] : 0;
  if (n > 1) to[1] = from ? from[1] : 0;
  if (n > 2) to[2] = from ? from[2] : 0;
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
      copy_short(first, NULL, out);
      copy_short(last - first, row + first, out + first);
      copy_short(padded_width - last, NULL, out + last);
    }
}
