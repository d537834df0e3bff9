#include "kernel.h"
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

KERNEL void lk_maximum_windows(const lk_windows *w, ptrdiff_t planes, const float *a, float *out,
                               int32_t *places) {
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
                            const lk_span *columns, const float *a, float *sums, float *out) {
  for (ptrdiff_t p = 0; p < planes; p++, a += size)
    for (ptrdiff_t y = 0; y < out_height; y++, out += out_width) {
      const lk_span r = rows[y];
      for (ptrdiff_t i = 0; i < width; i++) sums[i] = 0;
      for (ptrdiff_t row = r.first; row < r.last; row++) {
        const float *const from = a + row * width;
        INDEPENDENT for (ptrdiff_t i = 0; i < width; i++) sums[i] += from[i];
      }
      for (ptrdiff_t x = 0; x < out_width; x++) {
        float sum = 0;
        for (ptrdiff_t i = columns[x].first; i < columns[x].last; i++) sum += sums[i];
        out[x] = sum / (r.divisor * columns[x].divisor);
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
