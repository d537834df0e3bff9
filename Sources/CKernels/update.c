#include "sums.h"

// Without fused operations, which the compiler may choose differently for the vector part of a loop
// and for its remainder: an element's bits must not depend on its place. Memory is the limit anyway.
#pragma clang fp contract(off)

KERNEL void lk_sgd_update(ptrdiff_t n, float *p, const float *g, float *m, float rate,
                          float momentum, float dampening, float decay, bool nesterov,
                          bool first) {
  if (momentum == 0.0f) {
    INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) p[i] -= rate * (g[i] + decay * p[i]);
    return;
  }
  // The first step takes the gradient undamped, as PyTorch does.
  const float keep = first ? 0.0f : momentum, take = first ? 1.0f : 1.0f - dampening;
  const float direct = nesterov ? 1.0f : 0.0f, buffered = nesterov ? momentum : 1.0f;
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float d = g[i] + decay * p[i];
    const float b = first ? d : keep * m[i] + take * d;
    m[i] = b;
    p[i] -= rate * (direct * d + buffered * b);
  }
}

// The moments a and b of element i after its gradient.
#define MOMENTS(gradient)                                                                        \
  const float d = gradient;                                                                      \
  const float a = m[i] + rest1 * (d - m[i]), b = beta2 * v[i] + rest2 * d * d;                   \
  m[i] = a;                                                                                      \
  v[i] = b;

KERNEL void lk_adam_update(ptrdiff_t n, float *p, const float *g, float *m, float *v, float *top,
                           float rate, float rest1, float beta2, float rest2, float epsilon,
                           float decay, bool decoupled, float scale1, float scale2) {
  const float shrink = decoupled ? 1.0f - rate * decay : 1.0f;
  const float coupled = decoupled ? 0.0f : decay;
  const float step = rate * scale1;
  if (top) {
    INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
      MOMENTS(g[i] + coupled * p[i])
      const float t = top[i] > b ? top[i] : b;
      top[i] = t;
      p[i] = shrink * p[i] - step * a / (square_root(t) * scale2 + epsilon);
    }
    return;
  }
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    MOMENTS(g[i] + coupled * p[i])
    p[i] = shrink * p[i] - step * a / (square_root(b) * scale2 + epsilon);
  }
}

KERNEL void lk_adagrad_update(ptrdiff_t n, float *p, const float *g, float *sum, float rate,
                              float epsilon, float decay) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float d = g[i] + decay * p[i];
    const float s = sum[i] + d * d;
    sum[i] = s;
    p[i] -= rate * d / (square_root(s) + epsilon);
  }
}

INLINE void rmsprop(ptrdiff_t n, float *p, const float *g, float *v, float *mean, float *m,
                    float rate, float alpha, float rest, float epsilon, float decay,
                    float momentum) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float d = g[i] + decay * p[i];
    float b = alpha * v[i] + rest * d * d;
    v[i] = b;
    if (mean) {
      const float a = mean[i] + rest * (d - mean[i]);
      mean[i] = a;
      b = b - a * a;
      b = b > 0.0f ? b : 0.0f;  // a variance, but for rounding
    }
    float x = d / (square_root(b) + epsilon);
    if (m) {
      x += momentum * m[i];
      m[i] = x;
    }
    p[i] -= rate * x;
  }
}

KERNEL void lk_rmsprop_update(ptrdiff_t n, float *p, const float *g, float *v, float *mean,
                              float *m, float rate, float alpha, float rest, float epsilon,
                              float decay, float momentum) {
  // One loop for each choice, so that each is vectorised without branches.
  if (mean && m)
    rmsprop(n, p, g, v, mean, m, rate, alpha, rest, epsilon, decay, momentum);
  else if (mean)
    rmsprop(n, p, g, v, mean, 0, rate, alpha, rest, epsilon, decay, momentum);
  else if (m)
    rmsprop(n, p, g, v, 0, m, rate, alpha, rest, epsilon, decay, momentum);
  else
    rmsprop(n, p, g, v, 0, 0, rate, alpha, rest, epsilon, decay, momentum);
}

KERNEL void lk_lion_update(ptrdiff_t n, float *p, const float *g, float *m, float rate,
                           float rest1, float rest2, float decay) {
  const float shrink = 1.0f - rate * decay;
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float d = g[i] - m[i];
    const float c = m[i] + rest1 * d;
    m[i] += rest2 * d;
    // c itself where it is 0 or NaN.
    const float sign = c > 0.0f ? 1.0f : c < 0.0f ? -1.0f : c;
    p[i] = shrink * p[i] - rate * sign;
  }
}

KERNEL void lk_lars_update(ptrdiff_t n, float *p, const float *g, float *m, float rate,
                           float momentum, float decay) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float b = momentum * m[i] + rate * (g[i] + decay * p[i]);
    m[i] = b;
    p[i] -= b;
  }
}

INLINE float sum_of_squares(ptrdiff_t n, const float *a) {
  double total[LANES] = {0}, sum = 0.0;
  ptrdiff_t i = 0;
  while (i + LANES <= n) {
    lanes_t s = {0};
    for (int k = 0; k < SUM_BLOCK / LANES && i + LANES <= n; k++, i += LANES)
      s += *(const lanes_t *)(a + i) * *(const lanes_t *)(a + i);
    add_to_totals(&s, total);
  }
  for (; i < n; i++) sum += a[i] * a[i];
  for (int l = 0; l < LANES; l++) sum += total[l];
  return (float)sum;
}

KERNEL void lk_lamb_moments(ptrdiff_t n, const float *p, const float *g, float *m, float *v,
                            float rest1, float beta2, float rest2, float epsilon, float decay,
                            float scale1, float scale2, float *squares) {
  float u[LK_LAMB_BLOCK];
  for (; n > 0; n -= LK_LAMB_BLOCK) {
    const ptrdiff_t size = n < LK_LAMB_BLOCK ? n : LK_LAMB_BLOCK;
    INDEPENDENT for (ptrdiff_t i = 0; i < size; i++) {
      MOMENTS(g[i])
      u[i] = scale1 * a / (square_root(b) * scale2 + epsilon) + decay * p[i];
    }
    squares[0] = sum_of_squares(size, p);
    squares[1] = sum_of_squares(size, u);
    p += size, g += size, m += size, v += size, squares += 2;
  }
}

KERNEL void lk_lamb_update(ptrdiff_t n, float *p, const float *m, const float *v, float rate,
                           float epsilon, float decay, float scale1, float scale2) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float u = scale1 * m[i] / (square_root(v[i]) * scale2 + epsilon);
    p[i] -= rate * (u + decay * p[i]);
  }
}
