// How a set of values becomes one, written once for all of them: sums, products, extremes.
#ifndef LOCKSTEP_REDUCE_H
#define LOCKSTEP_REDUCE_H

#include "sums.h"

// 64 bytes of each type, whatever the width of the machine's registers.
typedef int64_t integers_t __attribute__((vector_size(64), aligned(8)));
typedef uint64_t words_t __attribute__((vector_size(64), aligned(8)));
typedef uint8_t bytes_t __attribute__((vector_size(64), aligned(1)));
typedef int32_t float_mask_t __attribute__((vector_size(64), aligned(4)));

// Rows are reduced in blocks.
enum { BLOCK = 4096 };
// Columns that are reduced together: their results stay in the first-level cache.
enum { TILE = 1024 };

/// lk_<name>_rows and lk_<name>_columns. ADD(s, x) joins two numbers, VIEW(x) is what the reduction
/// takes of an element; VADD and VVIEW do so for vectors.
#define REDUCTION(name, T, V, IDENTITY, ADD, VADD, VIEW, VVIEW)                                  \
  ROW_REDUCTION(name, T, T, BLOCK, V, IDENTITY, ADD, VADD, VIEW, VVIEW)                          \
  COLUMN_REDUCTION(name, T, IDENTITY, ADD, VIEW)

/// The same for sums of floats.
#define SUM(name, VIEW)                                                                          \
  ROW_REDUCTION(name, float, double, SUM_BLOCK, lanes_t, 0, PLUS, VPLUS, VIEW, VIEW)             \
  COLUMN_TOTALS(name##_totals, VIEW)                                                             \
  KERNEL void lk_##name##_columns(ptrdiff_t rows, ptrdiff_t columns, const float *a,             \
                                  ptrdiff_t stride, float *out, bool accumulate) {               \
    double totals[SUM_COLUMNS];                                                                  \
    for (; columns > 0; columns -= SUM_COLUMNS, a += SUM_COLUMNS, out += SUM_COLUMNS) {          \
      const ptrdiff_t n = columns < SUM_COLUMNS ? columns : SUM_COLUMNS;                         \
      for (ptrdiff_t c = 0; c < n; c++) totals[c] = accumulate ? (double)out[c] : 0.0;           \
      name##_totals(rows, n, a, stride, totals);                                                 \
      for (ptrdiff_t c = 0; c < n; c++) out[c] = (float)totals[c];                               \
    }                                                                                            \
  }

/// Blocks of SIZE elements become numbers of type T, and these one of type TOTAL.
#define ROW_REDUCTION(name, T, TOTAL, SIZE, V, IDENTITY, ADD, VADD, VIEW, VVIEW)                 \
  INLINE T name##_block(ptrdiff_t n, const T *a) {                                               \
    enum { WIDTH = 64 / sizeof(T) };                                                             \
    V s0 = (V){0} + (T)(IDENTITY), s1 = s0, s2 = s0, s3 = s0;                                    \
    ptrdiff_t i = 0;                                                                             \
    for (; i + 4 * WIDTH <= n; i += 4 * WIDTH) {                                                 \
      const V *x = (const V *)(a + i);                                                           \
      s0 = VADD(V, s0, VVIEW(x[0]));                                                             \
      s1 = VADD(V, s1, VVIEW(x[1]));                                                             \
      s2 = VADD(V, s2, VVIEW(x[2]));                                                             \
      s3 = VADD(V, s3, VVIEW(x[3]));                                                             \
    }                                                                                            \
    for (; i + WIDTH <= n; i += WIDTH) s0 = VADD(V, s0, VVIEW(*(const V *)(a + i)));             \
    s0 = VADD(V, s0, s1);                                                                        \
    s2 = VADD(V, s2, s3);                                                                        \
    s0 = VADD(V, s0, s2);                                                                        \
    T s[WIDTH], tail = (T)(IDENTITY);                                                            \
    __builtin_memcpy(s, &s0, sizeof s);                                                          \
    for (int width = WIDTH / 2; width > 0; width /= 2)                                           \
      for (int l = 0; l < width; l++) s[l] = ADD(s[l], s[l + width]);                            \
    for (; i < n; i++) tail = ADD(tail, VIEW(a[i]));                                             \
    return ADD(s[0], tail);                                                                      \
  }                                                                                              \
  INLINE TOTAL name##_row(ptrdiff_t n, const T *a) {                                             \
    TOTAL total = (TOTAL)(IDENTITY);                                                             \
    for (ptrdiff_t i = 0; i < n; i += SIZE) {                                                    \
      const T block = name##_block(n - i < SIZE ? n - i : SIZE, a + i);                          \
      total = ADD(total, block);                                                                 \
    }                                                                                            \
    return total;                                                                                \
  }                                                                                              \
  KERNEL void lk_##name##_rows(ptrdiff_t rows, ptrdiff_t columns, const T *a, ptrdiff_t stride,  \
                               T *out) {                                                         \
    for (ptrdiff_t r = 0; r < rows; r++) out[r] = (T)name##_row(columns, a + r * stride);        \
  }

#define COLUMN_REDUCTION(name, T, IDENTITY, ADD, VIEW)                                           \
  KERNEL void lk_##name##_columns(ptrdiff_t rows, ptrdiff_t columns, const T *a,                 \
                                  ptrdiff_t stride, T *out, bool accumulate) {                   \
    for (; columns > 0; columns -= TILE, a += TILE, out += TILE) {                               \
      const ptrdiff_t n = columns < TILE ? columns : TILE;                                       \
      if (!accumulate)                                                                           \
        for (ptrdiff_t c = 0; c < n; c++) out[c] = (T)(IDENTITY);                                \
      ptrdiff_t r = 0;                                                                           \
      for (; r + 4 <= rows; r += 4) {                                                            \
        const T *x = a + r * stride, *y = x + stride, *z = y + stride, *w = z + stride;          \
        INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) {                                          \
          const T p = ADD(VIEW(x[c]), VIEW(y[c])), q = ADD(VIEW(z[c]), VIEW(w[c]));              \
          const T s = ADD(p, q);                                                                 \
          out[c] = ADD(out[c], s);                                                               \
        }                                                                                        \
      }                                                                                          \
      for (; r < rows; r++) {                                                                    \
        const T *x = a + r * stride;                                                             \
        INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) out[c] = ADD(out[c], VIEW(x[c]));          \
      }                                                                                          \
    }                                                                                            \
  }

#define PLAIN(x) (x)
#define SQUARE(x) ((x) * (x))
#define MAGNITUDE(x) __builtin_elementwise_abs(x)

#define PLUS(s, x) ((s) + (x))
#define VPLUS(V, s, x) ((s) + (x))
#define TIMES(s, x) ((s) * (x))
#define VTIMES(V, s, x) ((s) * (x))
// Integers wrap around, which is defined for unsigned ones only.
#define WPLUS(s, x) ((int64_t)((uint64_t)(s) + (uint64_t)(x)))
#define VWPLUS(V, s, x) ((V)((words_t)(s) + (words_t)(x)))
#define WTIMES(s, x) ((int64_t)((uint64_t)(s) * (uint64_t)(x)))
#define VWTIMES(V, s, x) ((V)((words_t)(s) * (words_t)(x)))
#define EITHER(s, x) ((s) | (x))
#define VEITHER(V, s, x) ((s) | (x))
#define BOTH(s, x) ((s) & (x))
#define VBOTH(V, s, x) ((s) & (x))

// A NaN wins, the first of several stays.
#define LARGER(s, x) ((((x) > (s)) | ((x) != (x))) ? (x) : (s))
#define SMALLER(s, x) ((((x) < (s)) | ((x) != (x))) ? (x) : (s))
// The same by bits: C has no choice between vectors.
#define VCHOOSE(V, M, mask, x, s) ((V)(((mask) & (M)(x)) | (~(mask) & (M)(s))))
#define VLARGER(V, s, x) VCHOOSE(V, float_mask_t, ((x) > (s)) | ((x) != (x)), x, s)
#define VSMALLER(V, s, x) VCHOOSE(V, float_mask_t, ((x) < (s)) | ((x) != (x)), x, s)
#define ILARGER(s, x) ((x) > (s) ? (x) : (s))
#define ISMALLER(s, x) ((x) < (s) ? (x) : (s))
#define VILARGER(V, s, x) __builtin_elementwise_max(s, x)
#define VISMALLER(V, s, x) __builtin_elementwise_min(s, x)

#endif
