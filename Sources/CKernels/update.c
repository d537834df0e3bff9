#include "kernel.h"

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

KERNEL void lk_adam_update(ptrdiff_t n, float *p, const float *g, float *m, float *v, float rate,
                           float rest1, float beta2, float rest2, float epsilon, float decay,
                           bool decoupled, float correction1, float correction2) {
  const float shrink = decoupled ? 1.0f - rate * decay : 1.0f;
  const float coupled = decoupled ? 0.0f : decay;
  const float step = rate / correction1;
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {
    const float d = g[i] + coupled * p[i];
    const float a = m[i] + rest1 * (d - m[i]);
    const float b = beta2 * v[i] + rest2 * d * d;
    m[i] = a;
    v[i] = b;
    p[i] = shrink * p[i] - step * a / (square_root(b) / correction2 + epsilon);
  }
}
