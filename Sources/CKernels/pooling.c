#include "sums.h"

#include <math.h>

// One tap of all windows of a row, for a constant step between windows.
INLINE void maximum_tap(ptrdiff_t n, const float *row, ptrdiff_t step, int32_t place, float *best,
                        int32_t *places) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float value = row[i * step];
    const bool wins = value > best[i] || value != value;
    best[i] = wins ? value : best[i];
    places[i] = wins ? place + (int32_t)(i * step) : places[i];
  }
}

/// The smallest i >= 0 with i * step >= distance.
INLINE ptrdiff_t steps_to(ptrdiff_t distance, ptrdiff_t step) {
  return distance <= 0 ? 0 : (distance + step - 1) / step;
}

INLINE void maximum_planes(lk_windows w, ptrdiff_t planes, const float *a, float *out,
                           int32_t *places, ptrdiff_t step) {
  for (ptrdiff_t p = 0; p < planes; p++, a += w.height * w.width)
    for (ptrdiff_t y = 0; y < w.out_height; y++, out += w.out_width, places += w.out_width) {
      const ptrdiff_t top = y * w.stride_y - w.padding_y;
      const ptrdiff_t first = top < 0 ? 0 : top;
      const ptrdiff_t last = top + w.kernel_y < w.height ? top + w.kernel_y : w.height;
      for (ptrdiff_t i = 0; i < w.out_width; i++) {
        const ptrdiff_t left = i * step - w.padding_x;
        out[i] = -INFINITY;
        places[i] = (int32_t)(first * w.width + (left < 0 ? 0 : left));
      }
      for (ptrdiff_t r = first; r < last; r++)
        for (ptrdiff_t k = 0; k < w.kernel_x; k++) {
          // Windows i whose tap k lies in the row: 0 <= i * step + k - padding < width.
          const ptrdiff_t shift = k - w.padding_x, begin = steps_to(-shift, step);
          const ptrdiff_t room = steps_to(w.width - shift, step);
          const ptrdiff_t end = room < w.out_width ? room : w.out_width;
          const ptrdiff_t place = r * w.width + begin * step + shift;
          if (begin < end)
            maximum_tap(end - begin, a + place, step, (int32_t)place, out + begin, places + begin);
        }
    }
}

// The most frequent case: 2 x 2 windows that touch.

enum { PAIRS = 8 };

/// n windows side by side, all taps at once.
INLINE void maximum_pairs(const ptrdiff_t n, const float *top, ptrdiff_t width, int32_t place,
                          float *out, int32_t *places) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float *const tap = top + 2 * i;
    const float a = tap[0], b = tap[1], c = tap[width], d = tap[width + 1];
    const int32_t first = place + 2 * (int32_t)i;
    const bool right = b > a || b != b, low_right = d > c || d != d;
    const float upper = right ? b : a, lower = low_right ? d : c;
    const bool low = lower > upper || lower != lower;
    const int32_t upper_place = right ? first + 1 : first;
    const int32_t lower_place = (low_right ? first + 1 : first) + (int32_t)width;
    out[i] = low ? lower : upper;
    places[i] = low ? lower_place : upper_place;
  }
}

INLINE void maximum_pairs_of_planes(lk_windows w, ptrdiff_t planes, const float *a, float *out,
                                    int32_t *places) {
  const float *const end = a + planes * w.height * w.width;
  const float *const out_end = out + planes * w.out_height * w.out_width;
  for (ptrdiff_t p = 0; p < planes; p++, a += w.height * w.width)
    for (ptrdiff_t y = 0; y < w.out_height; y++, out += w.out_width, places += w.out_width) {
      ptrdiff_t i = 0;
      // The last vector of a row may write beyond it: the next row, which it reaches, is written
      // later.
      for (; i < w.out_width && out + i + PAIRS <= out_end; i += PAIRS) {
        const ptrdiff_t place = 2 * (y * w.width + i);
        if (a + place + w.width + 2 * PAIRS > end) break;
        maximum_pairs(PAIRS, a + place, w.width, (int32_t)place, out + i, places + i);
      }
      for (; i < w.out_width; i++) {
        const ptrdiff_t place = 2 * (y * w.width + i);
        maximum_pairs(1, a + place, w.width, (int32_t)place, out + i, places + i);
      }
    }
}

KERNEL void lk_maximum_windows(const lk_windows *w, ptrdiff_t planes, const float *a, float *out,
                               int32_t *places) {
  const bool is_pairs = w->kernel_y == 2 && w->kernel_x == 2 && w->stride_y == 2 &&
                        w->stride_x == 2 && w->padding_y == 0 && w->padding_x == 0;
  if (is_pairs) return maximum_pairs_of_planes(*w, planes, a, out, places);
  switch (w->stride_x) {
    case 1: maximum_planes(*w, planes, a, out, places, 1); break;
    case 2: maximum_planes(*w, planes, a, out, places, 2); break;
    default: maximum_planes(*w, planes, a, out, places, w->stride_x);
  }
}

void lk_scatter_windows(ptrdiff_t planes, ptrdiff_t size, ptrdiff_t out_size, const float *gradient,
                        const int32_t *places, float *out) {
  for (ptrdiff_t p = 0; p < planes; p++, gradient += out_size, places += out_size, out += size)
    for (ptrdiff_t i = 0; i < out_size; i++) out[places[i]] += gradient[i];
}

KERNEL void lk_mean_windows(ptrdiff_t planes, ptrdiff_t width, ptrdiff_t size,
                            ptrdiff_t out_height, const lk_span *rows, ptrdiff_t out_width,
                            const lk_span *columns, const float *a, double *sums, float *out) {
  for (ptrdiff_t p = 0; p < planes; p++, a += size)
    for (ptrdiff_t y = 0; y < out_height; y++, out += out_width) {
      const lk_span r = rows[y];
      for (ptrdiff_t i = 0; i < width; i++) sums[i] = 0;
      column_totals(r.last - r.first, width, a + r.first * width, width, sums);
      for (ptrdiff_t x = 0; x < out_width; x++) {
        double sum = 0;
        for (ptrdiff_t i = columns[x].first; i < columns[x].last; i++) sum += sums[i];
        out[x] = (float)(sum / ((double)r.divisor * columns[x].divisor));
      }
    }
}

KERNEL void lk_mean_windows_gradient(ptrdiff_t planes, ptrdiff_t width, ptrdiff_t size,
                                     ptrdiff_t out_height, const lk_span *rows,
                                     ptrdiff_t out_width, const lk_span *columns,
                                     const float *gradient, float *shares, float *out) {
  for (ptrdiff_t p = 0; p < planes; p++, out += size)
    for (ptrdiff_t y = 0; y < out_height; y++, gradient += out_width) {
      const lk_span r = rows[y];
      for (ptrdiff_t i = 0; i < width; i++) shares[i] = 0;
      for (ptrdiff_t x = 0; x < out_width; x++) {
        const float share = gradient[x] / (r.divisor * columns[x].divisor);
        for (ptrdiff_t i = columns[x].first; i < columns[x].last; i++) shares[i] += share;
      }
      for (ptrdiff_t row = r.first; row < r.last; row++) {
        float *const to = out + row * width;
        INDEPENDENT for (ptrdiff_t i = 0; i < width; i++) to[i] += shares[i];
      }
    }
}
