// Transposition in registers.
#ifndef LOCKSTEP_TRANSPOSE_H
#define LOCKSTEP_TRANSPOSE_H

#include "kernel.h"

typedef float four_t __attribute__((vector_size(16), aligned(4)));
typedef float eight_t __attribute__((vector_size(32), aligned(4)));

/// Four columns of eight rows, which begin at `from` and are `ld` apart.
typedef struct {
  eight_t column[4];
} columns_t;

/// Rows four apart share a register: halves of it need not be exchanged.
INLINE columns_t transpose_eight(const float *from, ptrdiff_t ld) {
#define ROW(r) *(const four_t *)(from + (r)*ld)
#define ROWS(r) __builtin_shufflevector(ROW(r), ROW(r + 4), 0, 1, 2, 3, 4, 5, 6, 7)
  const eight_t x0 = ROWS(0), x1 = ROWS(1), x2 = ROWS(2), x3 = ROWS(3);
#undef ROWS
#undef ROW
  const eight_t low01 = __builtin_shufflevector(x0, x1, 0, 8, 1, 9, 4, 12, 5, 13);
  const eight_t low23 = __builtin_shufflevector(x2, x3, 0, 8, 1, 9, 4, 12, 5, 13);
  const eight_t high01 = __builtin_shufflevector(x0, x1, 2, 10, 3, 11, 6, 14, 7, 15);
  const eight_t high23 = __builtin_shufflevector(x2, x3, 2, 10, 3, 11, 6, 14, 7, 15);
  return (columns_t){{
      __builtin_shufflevector(low01, low23, 0, 1, 8, 9, 4, 5, 12, 13),
      __builtin_shufflevector(low01, low23, 2, 3, 10, 11, 6, 7, 14, 15),
      __builtin_shufflevector(high01, high23, 0, 1, 8, 9, 4, 5, 12, 13),
      __builtin_shufflevector(high01, high23, 2, 3, 10, 11, 6, 7, 14, 15),
  }};
}

/// to[c * ldt + r] = from[r * ld + c].
INLINE void transpose(ptrdiff_t rows, ptrdiff_t columns, const float *from, ptrdiff_t ld, float *to,
                      ptrdiff_t ldt) {
  const ptrdiff_t whole_rows = rows - rows % 8, whole_columns = columns - columns % 4;
  for (ptrdiff_t r = 0; r < whole_rows; r += 8) {
    for (ptrdiff_t c = 0; c < whole_columns; c += 4) {
      const columns_t block = transpose_eight(from + r * ld + c, ld);
      for (int l = 0; l < 4; l++) *(eight_t *)(to + (c + l) * ldt + r) = block.column[l];
    }
    for (ptrdiff_t c = whole_columns; c < columns; c++)
      for (ptrdiff_t l = r; l < r + 8; l++) to[c * ldt + l] = from[l * ld + c];
  }
  for (ptrdiff_t r = whole_rows; r < rows; r++)
    for (ptrdiff_t c = 0; c < columns; c++) to[c * ldt + r] = from[r * ld + c];
}

#endif
