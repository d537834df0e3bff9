#include "vector_math.h"

// A plain maximum: a NaN that it misses still reaches the sum of exponentials.
INLINE float row_maximum(ptrdiff_t n, const float *a) {
  float lanes[LANES];
  for (int l = 0; l < LANES; l++) lanes[l] = -INFINITY;
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int l = 0; l < LANES; l++) lanes[l] = a[i + l] > lanes[l] ? a[i + l] : lanes[l];
  float best = -INFINITY;
  for (int l = 0; l < LANES; l++) best = lanes[l] > best ? lanes[l] : best;
  for (; i < n; i++) best = a[i] > best ? a[i] : best;
  // A row of -infinity alone would give NaN by infinity - infinity, as it should.
  return best;
}

/// The sum of exp(a - shift); the exponentials themselves go to `out` unless it is null.
INLINE float exp_sum(ptrdiff_t n, const float *a, float shift, float *out) {
  float lanes[LANES] = {0};
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    float e[LANES];
    for (int l = 0; l < LANES; l++) e[l] = exp_f(a[i + l] - shift);
    for (int l = 0; l < LANES; l++) lanes[l] += e[l];
    if (out) __builtin_memcpy(out + i, e, sizeof e);
  }
  lanes_t v;
  __builtin_memcpy(&v, lanes, sizeof v);
  float tail = 0;
  for (; i < n; i++) {
    const float e = exp_f(a[i] - shift);
    if (out) out[i] = e;
    tail += e;
  }
  return lanes_sum(&v) + tail;
}

KERNEL void lk_softmax_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    const float scale = 1.0f / exp_sum(columns, a, row_maximum(columns, a), out);
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] *= scale;
  }
}

KERNEL void lk_log_softmax_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    const float largest = row_maximum(columns, a);
    const float logarithm = log_f(exp_sum(columns, a, largest, NULL));
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = (a[c] - largest) - logarithm;
  }
}

KERNEL void lk_softmax_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                     const float *y, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, g += columns, y += columns, out += columns) {
    lanes_t s = {0};
    ptrdiff_t i = 0;
    for (; i + LANES <= columns; i += LANES)
      s += *(const lanes_t *)(g + i) * *(const lanes_t *)(y + i);
    float dot = lanes_sum(&s);
    for (; i < columns; i++) dot += g[i] * y[i];
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = y[c] * (g[c] - dot);
  }
}

KERNEL void lk_log_softmax_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                         const float *y, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, g += columns, y += columns, out += columns) {
    lanes_t s = {0};
    ptrdiff_t i = 0;
    for (; i + LANES <= columns; i += LANES) s += *(const lanes_t *)(g + i);
    float total = lanes_sum(&s);
    for (; i < columns; i++) total += g[i];
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = g[c] - exp_f(y[c]) * total;
  }
}

KERNEL void lk_cross_entropy_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                  const int32_t *target, float *normaliser, float *loss) {
  for (ptrdiff_t r = 0; r < rows; r++, a += columns) {
    const float largest = row_maximum(columns, a);
    const float logarithm = log_f(exp_sum(columns, a, largest, NULL));
    normaliser[r] = largest + logarithm;
    loss[r] = logarithm - (a[target[r]] - largest);
  }
}

KERNEL void lk_cross_entropy_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                           const int32_t *target, const float *normaliser,
                                           const float *scale, ptrdiff_t scale_stride, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    const float n = normaliser[r], s = scale[r * scale_stride];
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = s * exp_f(a[c] - n);
    out[target[r]] -= s;
  }
}
