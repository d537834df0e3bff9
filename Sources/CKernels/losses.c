#include "rows.h"

// Rows whose logarithms are taken together.
enum { GROUP = 64 };

/// The sum of weights[c] * (logarithm - (a[c] - largest)): what smoothing spreads over the classes.
INLINE double sum_of_costs(ptrdiff_t n, const float *a, const float *weights, float largest,
                           float logarithm) {
  double total = 0;
  for (ptrdiff_t i = 0; i < n;) {
    lanes_t s = {0};
    const ptrdiff_t end = n - i < SUM_BLOCK ? n : i + SUM_BLOCK;
    for (; i + LANES <= end; i += LANES) {
      const lanes_t cost = logarithm - (*(const lanes_t *)(a + i) - largest);
      s += weights ? *(const lanes_t *)(weights + i) * cost : cost;
    }
    total += lanes_sum(&s);
    for (; i < end; i++)
      total += (weights ? weights[i] : 1.0f) * (logarithm - (a[i] - largest));
  }
  return total;
}

KERNEL void lk_cross_entropy_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                  const int32_t *target, const float *weights, float smoothing,
                                  float *exponentials, float *normalizer, float *loss) {
  float largest[GROUP], sum[GROUP], logarithm[GROUP];
  for (; rows > 0; rows -= GROUP, target += GROUP, normalizer += GROUP, loss += GROUP) {
    const ptrdiff_t count = rows < GROUP ? rows : GROUP;
    for (ptrdiff_t r = 0; r < count; r++) {
      const float *x = a + r * columns;
      const bool counts = target[r] >= 0;
      largest[r] = counts ? row_maximum(columns, x) : 0.0f;
      float *const e = exponentials ? exponentials + r * columns : NULL;
      sum[r] = counts ? exp_sum(columns, x, largest[r], e) : 1.0f;
    }
    INDEPENDENT for (ptrdiff_t r = 0; r < count; r++) logarithm[r] = log_f(sum[r]);
    for (ptrdiff_t r = 0; r < count; r++, a += columns) {
      const int32_t t = target[r];
      normalizer[r] = exponentials ? 1.0f / sum[r] : largest[r] + logarithm[r];
      loss[r] = 0.0f;
      if (t < 0) continue;
      loss[r] = (weights ? weights[t] : 1.0f) * (logarithm[r] - (a[t] - largest[r]));
      if (smoothing == 0.0f) continue;
      const double even = sum_of_costs(columns, a, weights, largest[r], logarithm[r]);
      loss[r] = (1.0f - smoothing) * loss[r] + (float)(smoothing / (double)columns * even);
    }
    if (exponentials) exponentials += count * columns;
  }
}

KERNEL void lk_cross_entropy_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                           bool are_exponentials, const int32_t *target,
                                           const float *weights, float smoothing,
                                           const float *normalizer, const float *g,
                                           ptrdiff_t g_stride, float factor, float *out) {
  const float even = smoothing / (float)columns;
  const float total = weights ? (float)row_sum(columns, weights) : (float)columns;
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    const int32_t t = target[r];
    if (t < 0) {
      for (ptrdiff_t c = 0; c < columns; c++) out[c] = 0.0f;
      continue;
    }
    const float n = normalizer[r], s = factor * g[r * g_stride];
    const float right = s * (1.0f - smoothing) * (weights ? weights[t] : 1.0f);
    const float each = s * even, all = right + each * total;
    if (are_exponentials) {
      INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = all * (a[c] * n);
    } else {
      INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] = all * exp_nonpositive(a[c] - n);
    }
    out[t] -= right;
    if (smoothing == 0.0f) continue;
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) out[c] -=
        each * (weights ? weights[c] : 1.0f);
  }
}

// Losses of pairs: x is the input, y the target, d their difference, p a parameter.
// Each has its value and its slopes in x and in y.

// Losses that are added up in float: 16 in each lane.
enum { BLOCK = 256 };

#define PAIR_GRADIENT(name, slope)                                                               \
  KERNEL void lk_##name(ptrdiff_t n, float *out, const float *g, bool one_g, float factor,       \
                        const float *a, const float *b, float p) {                               \
    (void)p;                                                                                     \
    if (one_g && n > 0) {                                                                        \
      const float s = factor * g[0];                                                             \
      INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                            \
        const float x = a[i], y = b[i], d = x - y;                                               \
        (void)d;                                                                                 \
        out[i] = s * (slope);                                                                    \
      }                                                                                          \
    } else {                                                                                     \
      INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                            \
        const float x = a[i], y = b[i], d = x - y;                                               \
        (void)d;                                                                                 \
        out[i] = factor * g[i] * (slope);                                                   \
      }                                                                                          \
    }                                                                                            \
  }

#define PAIR_LOSS(name, value, slope_x, slope_y)                                                 \
  KERNEL void lk_##name##_loss(ptrdiff_t n, float *out, const float *a, const float *b,          \
                               float p) {                                                        \
    (void)p;                                                                                     \
    INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                              \
      const float x = a[i], y = b[i], d = x - y;                                                 \
      (void)d;                                                                                   \
      out[i] = (value);                                                                          \
    }                                                                                            \
  }                                                                                              \
  KERNEL double lk_##name##_loss_sum(ptrdiff_t n, const float *a, const float *b, float p) {     \
    (void)p;                                                                                     \
    double total = 0.0;                                                                          \
    float lanes[LANES], v[LANES];                                                                \
    for (ptrdiff_t start = 0; start < n; start += BLOCK) {                                       \
      const ptrdiff_t end = n - start < BLOCK ? n : start + BLOCK;                               \
      for (int l = 0; l < LANES; l++) lanes[l] = 0.0f;                                           \
      ptrdiff_t i = start;                                                                       \
      for (; i + LANES <= end; i += LANES) {                                                     \
        for (int l = 0; l < LANES; l++) {                                                        \
          const float x = a[i + l], y = b[i + l], d = x - y;                                     \
          (void)d;                                                                               \
          v[l] = (value);                                                                        \
        }                                                                                        \
        for (int l = 0; l < LANES; l++) lanes[l] += v[l];                                        \
      }                                                                                          \
      for (int l = 0; i < end; i++, l++) {                                                       \
        const float x = a[i], y = b[i], d = x - y;                                               \
        (void)d;                                                                                 \
        lanes[l] += (value);                                                                     \
      }                                                                                          \
      lanes_t sum;                                                                               \
      __builtin_memcpy(&sum, lanes, sizeof sum);                                                 \
      total += lanes_sum(&sum);                                                                  \
    }                                                                                            \
    return total;                                                                                \
  }                                                                                              \
  PAIR_GRADIENT(name##_loss_gradient, slope_x)                                                   \
  PAIR_GRADIENT(name##_loss_target_gradient, slope_y)

#define SIGN(d) ((d) > 0.0f ? 1.0f : ((d) < 0.0f ? -1.0f : (d)))
PAIR_LOSS(squared, d *d, 2.0f * d, -2.0f * d)
// 0 at NaN, as PyTorch has it.
#define SLOPE(d) ((d) > 0.0f ? 1.0f : ((d) < 0.0f ? -1.0f : 0.0f))
PAIR_LOSS(absolute, fabsf(d), SLOPE(d), -SLOPE(d))

// Quadratic within p, of slope 1 beyond.
#define SMOOTH_SLOPE(d) (fabsf(d) < p ? (d) / p : SIGN(d))
PAIR_LOSS(smooth_absolute, fabsf(d) < p ? 0.5f * d *d / p : fabsf(d) - 0.5f * p, SMOOTH_SLOPE(d),
          -SMOOTH_SLOPE(d))

// Quadratic within p, of slope p beyond.
#define HUBER_SLOPE(d) (fabsf(d) <= p ? (d) : p * SIGN(d))
PAIR_LOSS(huber, fabsf(d) <= p ? 0.5f * d *d : p *(fabsf(d) - 0.5f * p), HUBER_SLOPE(d),
          -HUBER_SLOPE(d))

// Logarithms are at least -100, as PyTorch has it.
INLINE float at_least(float x, float limit) { return x < limit ? limit : x; }
#define LOG_X at_least(log_f(x), -100.0f)
#define LOG_REST at_least(log1p_f(-x), -100.0f)
PAIR_LOSS(binary_cross_entropy, (y - 1.0f) * LOG_REST - y *LOG_X,
          d / at_least((1.0f - x) * x, 1e-12f), LOG_REST - LOG_X)

// max(x, 0) - x y + log(1 + exp(-|x|)).
PAIR_LOSS(binary_cross_entropy_logits,
          (x < 0.0f ? 0.0f : x) - x *y + log1p_f(exp_nonpositive(-fabsf(x))), sigmoid_f(x) - y,
          -x)

// Of a target probability y (0 log 0 is 0), and of its logarithm; x is a logarithm.
PAIR_LOSS(divergence, (y == 0.0f ? 0.0f : y *log_f(y)) - y *x, -y, log_f(y) + 1.0f - x)
PAIR_LOSS(log_divergence, exp_f(y) * (y - x), -exp_f(y), exp_f(y) * (y - x + 1.0f))

KERNEL bool lk_all_within(ptrdiff_t n, const float *a, float lower, float upper) {
  int outside = 0;
  for (ptrdiff_t i = 0; i < n; i++) outside |= !(a[i] >= lower && a[i] <= upper);
  return !outside;
}
