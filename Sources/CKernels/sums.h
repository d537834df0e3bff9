// How floats are added up: a few in float, in registers, and what these give in double.
//
// A sum in float alone loses what is small beside it, and stops growing at 2^24 times its terms.
// Here no term takes part in more than some twenty additions in float, each of which rounds by 6e-8
// at most, however many terms there are.
#ifndef LOCKSTEP_SUMS_H
#define LOCKSTEP_SUMS_H

#include "kernel.h"

enum {
  /// Neighbours that are added up in float: 8 or 16 in each lane of several registers.
  SUM_BLOCK = 512,
  /// Rows that are.
  SUM_ROWS = 8,
  /// Columns that are added up together: their totals stay in the first-level cache.
  SUM_COLUMNS = 512,
};

typedef double doubles_t __attribute__((vector_size(8 * LANES), aligned(8)));

/// totals[l] += sums[l] for each lane.
INLINE void add_to_totals(const lanes_t *sums, double *totals) {
  *(doubles_t *)totals += __builtin_convertvector(*sums, doubles_t);
}

/// name(rows, columns, a, stride, totals): totals[c] += the sum over r of VIEW(a[r * stride + c]).
#define COLUMN_TOTALS(name, VIEW)                                                                \
  INLINE void name(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,          \
                   double *totals) {                                                             \
    for (; rows > 0; rows -= SUM_ROWS, a += SUM_ROWS * stride) {                                 \
      const ptrdiff_t some = rows < SUM_ROWS ? rows : SUM_ROWS;                                  \
      ptrdiff_t c = 0;                                                                           \
      if (some == SUM_ROWS)                                                                      \
        for (; c + LANES <= columns; c += LANES) {                                               \
          const float *const x = a + c, *const y = x + 4 * stride;                               \
          lanes_t s = COLUMN_PAIR(VIEW, x) + COLUMN_PAIR(VIEW, x + 2 * stride);                  \
          s += COLUMN_PAIR(VIEW, y) + COLUMN_PAIR(VIEW, y + 2 * stride);                         \
          add_to_totals(&s, totals + c);                                                         \
        }                                                                                        \
      for (; c + LANES <= columns; c += LANES) {                                                 \
        lanes_t s = VIEW(*(const lanes_t *)(a + c));                                             \
        for (ptrdiff_t r = 1; r < some; r++) s += VIEW(*(const lanes_t *)(a + r * stride + c));  \
        add_to_totals(&s, totals + c);                                                           \
      }                                                                                          \
      for (; c < columns; c++) {                                                                 \
        float s = VIEW(a[c]);                                                                    \
        for (ptrdiff_t r = 1; r < some; r++) s += VIEW(a[r * stride + c]);                       \
        totals[c] += s;                                                                          \
      }                                                                                          \
    }                                                                                            \
  }
#define COLUMN_PAIR(VIEW, x) \
  (VIEW(*(const lanes_t *)(x)) + VIEW(*(const lanes_t *)((x) + stride)))
#define AS_IT_IS(x) (x)
COLUMN_TOTALS(column_totals, AS_IT_IS)

/// name(rows, columns, g, a, stride, mean, first, second): with x = a - mean and y = g of row r and
/// column c, first[c] += the sum over r of FIRST, and second[c] += that of SECOND.
#define COLUMN_PAIR_TOTALS(name, FIRST, SECOND)                                                  \
  INLINE void name(ptrdiff_t rows, ptrdiff_t columns, const float *g, const float *a,            \
                   ptrdiff_t stride, const float *mean, double *first, double *second) {         \
    for (; rows > 0; rows -= SUM_ROWS, a += SUM_ROWS * stride, g += SUM_ROWS * stride) {         \
      const ptrdiff_t some = rows < SUM_ROWS ? rows : SUM_ROWS;                                  \
      ptrdiff_t c = 0;                                                                           \
      for (; c + LANES <= columns; c += LANES) {                                                 \
        lanes_t s = {0}, t = {0};                                                                \
        ADD_COLUMN(lanes_t, FIRST, SECOND)                                                       \
        add_to_totals(&s, first + c);                                                            \
        add_to_totals(&t, second + c);                                                           \
      }                                                                                          \
      for (; c < columns; c++) {                                                                 \
        float s = 0, t = 0;                                                                      \
        ADD_COLUMN(float, FIRST, SECOND)                                                         \
        first[c] += s;                                                                           \
        second[c] += t;                                                                          \
      }                                                                                          \
    }                                                                                            \
  }
#define ADD_COLUMN(T, FIRST, SECOND)                                                             \
  const T m = *(const T *)(mean + c);                                                            \
  for (ptrdiff_t r = 0; r < some; r++) {                                                         \
    const T x = *(const T *)(a + r * stride + c) - m, y = *(const T *)(g + r * stride + c);      \
    (void)y;                                                                                     \
    s += FIRST;                                                                                  \
    t += SECOND;                                                                                 \
  }
COLUMN_PAIR_TOTALS(deviation_totals, x, x *x)
COLUMN_PAIR_TOTALS(product_totals, y, y *x)

#endif
