// How an expression becomes an element-wise kernel: one loop for contiguous operands, one for a
// repeated second operand, and one for any strides.
#ifndef LOCKSTEP_ELEMENTWISE_H
#define LOCKSTEP_ELEMENTWISE_H

#include "vector_math.h"

#define BINARY(name, expression)                                                                 \
  KERNEL void lk_##name(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa,     \
                        const float *b, ptrdiff_t sb) {                                          \
    if (so == 1 && sa == 1 && sb == 1) {                                                         \
      INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                            \
        const float x = a[i], y = b[i];                                                          \
        out[i] = (expression);                                                                   \
      }                                                                                          \
    } else if (so == 1 && sa == 1 && sb == 0 && n > 0) {                                         \
      const float y = b[0];                                                                      \
      INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                            \
        const float x = a[i];                                                                    \
        out[i] = (expression);                                                                   \
      }                                                                                          \
    } else {                                                                                     \
      for (ptrdiff_t i = 0; i < n; i++) {                                                        \
        const float x = a[i * sa], y = b[i * sb];                                                \
        out[i * so] = (expression);                                                              \
      }                                                                                          \
    }                                                                                            \
  }

// The same for functions that stay calls: nothing to vectorise.
#define SERIAL_BINARY(name, expression)                                                          \
  void lk_##name(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa,            \
                 const float *b, ptrdiff_t sb) {                                                 \
    for (ptrdiff_t i = 0; i < n; i++) {                                                          \
      const float x = a[i * sa], y = b[i * sb];                                                  \
      out[i * so] = (expression);                                                                \
    }                                                                                            \
  }

#define SERIAL_UNARY(name, expression)                                                           \
  void lk_##name(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa, float p,   \
                 float q) {                                                                      \
    (void)p;                                                                                     \
    (void)q;                                                                                     \
    for (ptrdiff_t i = 0; i < n; i++) {                                                          \
      const float x = a[i * sa];                                                                 \
      out[i * so] = (expression);                                                                \
    }                                                                                            \
  }

#define UNARY(name, expression)                                                                  \
  KERNEL void lk_##name(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa,     \
                        float p, float q) {                                                      \
    (void)p;                                                                                     \
    (void)q;                                                                                     \
    if (so == 1 && sa == 1) {                                                                    \
      INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) {                                            \
        const float x = a[i];                                                                    \
        out[i] = (expression);                                                                   \
      }                                                                                          \
    } else {                                                                                     \
      for (ptrdiff_t i = 0; i < n; i++) {                                                        \
        const float x = a[i * sa];                                                               \
        out[i * so] = (expression);                                                              \
      }                                                                                          \
    }                                                                                            \
  }

// A function that also gives its derivative, with which it shares most of the arithmetic; `slope`
// may be null.
#define WITH_SLOPE(name, function)                                                               \
  KERNEL void lk_##name(ptrdiff_t n, float *out, float *slope, const float *a) {                 \
    if (slope) {                                                                                 \
      INDEPENDENT_CHAINS for (ptrdiff_t i = 0; i < n; i++) {                                     \
        float d;                                                                                 \
        out[i] = function(a[i], &d);                                                             \
        slope[i] = d;                                                                            \
      }                                                                                          \
    } else {                                                                                     \
      INDEPENDENT_CHAINS for (ptrdiff_t i = 0; i < n; i++) {                                     \
        float d;                                                                                 \
        out[i] = function(a[i], &d);                                                             \
      }                                                                                          \
    }                                                                                            \
  }

#endif
