// One time step of recurrent cells, and its gradient. x is the input's share of the gates and u the
// state's, each `rows` rows of gates side by side; a keeps what the gradient needs.
#include "vector_math.h"

KERNEL void lk_rnn_step(ptrdiff_t rows, ptrdiff_t size, const float *x, const float *u,
                        const float *b, bool relu, float *h) {
  for (ptrdiff_t r = 0; r < rows; r++, x += size, u += size, h += size) {
    INDEPENDENT for (ptrdiff_t j = 0; j < size; j++) {
      const float sum = x[j] + u[j] + (b ? b[j] : 0.0f);
      h[j] = relu ? (sum > 0.0f ? sum : (sum != sum ? sum : 0.0f)) : tanh_f(sum);
    }
  }
}

KERNEL void lk_rnn_step_gradient(ptrdiff_t rows, ptrdiff_t size, const float *h, bool relu,
                                 const float *gh, const float *carry, float *du) {
  INDEPENDENT for (ptrdiff_t i = 0; i < rows * size; i++) {
    const float g = gh[i] + carry[i];
    du[i] = relu ? (h[i] <= 0.0f ? 0.0f : g) : g * (1.0f - h[i] * h[i]);
  }
}

KERNEL void lk_lstm_step(ptrdiff_t rows, ptrdiff_t size, const float *x, const float *u,
                         const float *b, const float *c0, float *a, float *h, float *c) {
  const ptrdiff_t s = size;
  for (ptrdiff_t r = 0; r < rows; r++) {
    INDEPENDENT for (ptrdiff_t j = 0; j < s; j++) {
      const float i = sigmoid_f(x[j] + u[j] + (b ? b[j] : 0.0f));
      const float f = sigmoid_f(x[j + s] + u[j + s] + (b ? b[j + s] : 0.0f));
      const float g = tanh_f(x[j + 2 * s] + u[j + 2 * s] + (b ? b[j + 2 * s] : 0.0f));
      const float o = sigmoid_f(x[j + 3 * s] + u[j + 3 * s] + (b ? b[j + 3 * s] : 0.0f));
      const float next = f * c0[j] + i * g;
      a[j] = i;
      a[j + s] = f;
      a[j + 2 * s] = g;
      a[j + 3 * s] = o;
      c[j] = next;
      h[j] = o * tanh_f(next);
    }
    x += 4 * s, u += 4 * s, a += 4 * s, c0 += s, h += s, c += s;
  }
}

KERNEL void lk_lstm_step_gradient(ptrdiff_t rows, ptrdiff_t size, const float *a, const float *c0,
                                  const float *c, const float *gh, const float *gc,
                                  const float *carry_h, float *carry_c, float *du) {
  const ptrdiff_t s = size;
  for (ptrdiff_t r = 0; r < rows; r++) {
    INDEPENDENT for (ptrdiff_t j = 0; j < s; j++) {
      const float i = a[j], f = a[j + s], g = a[j + 2 * s], o = a[j + 3 * s];
      const float t = tanh_f(c[j]);
      const float dh = gh[j] + carry_h[j];
      const float dc = gc[j] + carry_c[j] + dh * o * (1.0f - t * t);
      du[j] = dc * g * i * (1.0f - i);
      du[j + s] = dc * c0[j] * f * (1.0f - f);
      du[j + 2 * s] = dc * i * (1.0f - g * g);
      du[j + 3 * s] = dh * t * o * (1.0f - o);
      carry_c[j] = dc * f;
    }
    a += 4 * s, du += 4 * s, c0 += s, c += s, gh += s, gc += s, carry_h += s, carry_c += s;
  }
}

KERNEL void lk_gru_step(ptrdiff_t rows, ptrdiff_t size, const float *x, const float *u,
                        const float *b, const float *h0, float *a, float *h) {
  const ptrdiff_t s = size;
  for (ptrdiff_t row = 0; row < rows; row++) {
    INDEPENDENT for (ptrdiff_t j = 0; j < s; j++) {
      const float r = sigmoid_f(x[j] + u[j] + (b ? b[j] : 0.0f));
      const float z = sigmoid_f(x[j + s] + u[j + s] + (b ? b[j + s] : 0.0f));
      const float m = u[j + 2 * s] + (b ? b[j + 2 * s] : 0.0f);
      const float n = tanh_f(x[j + 2 * s] + r * m);
      a[j] = r;
      a[j + s] = z;
      a[j + 2 * s] = n;
      a[j + 3 * s] = m;
      h[j] = n + z * (h0[j] - n);
    }
    x += 3 * s, u += 3 * s, a += 4 * s, h0 += s, h += s;
  }
}

KERNEL void lk_gru_step_gradient(ptrdiff_t rows, ptrdiff_t size, const float *a, const float *h0,
                                 const float *gh, float *carry, float *dx, float *du) {
  const ptrdiff_t s = size;
  for (ptrdiff_t row = 0; row < rows; row++) {
    INDEPENDENT for (ptrdiff_t j = 0; j < s; j++) {
      const float r = a[j], z = a[j + s], n = a[j + 2 * s], m = a[j + 3 * s];
      const float dh = gh[j] + carry[j];
      const float dn = dh * (1.0f - z) * (1.0f - n * n);
      const float dr = dn * m * r * (1.0f - r);
      const float dz = dh * (h0[j] - n) * z * (1.0f - z);
      dx[j] = du[j] = dr;
      dx[j + s] = du[j + s] = dz;
      dx[j + 2 * s] = dn;
      du[j + 2 * s] = dn * r;
      carry[j] = dh * z;
    }
    a += 4 * s, dx += 3 * s, du += 3 * s, h0 += s, gh += s, carry += s;
  }
}
