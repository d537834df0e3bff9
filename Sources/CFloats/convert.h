// The loops around a conversion of one number.
#ifndef LOCKSTEP_CONVERT_H
#define LOCKSTEP_CONVERT_H

#include "CFloats.h"

// Columns of a panel of a matrix product.
enum { PANEL = 16 };

// Loops over the rows of a matrix. Numbers without gaps are one row, and a column is a loop over its
// strides; rows as wide as a panel of a matrix product get a loop of known length.
#define CONVERT(convert)                                                                         \
  if (stride == columns && out_stride == columns) columns *= rows, rows = rows > 0;              \
  if (columns == 1) {                                                                            \
    for (ptrdiff_t r = 0; r < rows; r++) out[r * out_stride] = convert(a[r * stride]);           \
  } else if (columns == PANEL) {                                                                 \
    for (ptrdiff_t r = 0; r < rows; r++)                                                         \
      for (int c = 0; c < PANEL; c++) out[r * out_stride + c] = convert(a[r * stride + c]);      \
  } else {                                                                                       \
    for (ptrdiff_t r = 0; r < rows; r++)                                                         \
      for (ptrdiff_t c = 0; c < columns; c++)                                                    \
        out[r * out_stride + c] = convert(a[r * stride + c]);                                    \
  }

#endif
