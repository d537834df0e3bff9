#include "elementwise.h"

BINARY(add, x + y)
BINARY(subtract, x - y)
BINARY(multiply, x *y)
BINARY(divide, x / y)
// A NaN in either operand wins, as in PyTorch.
BINARY(maximum, x > y ? x : (x != x ? x : y))
BINARY(minimum, x < y ? x : (x != x ? x : y))

UNARY(scale, p *x)
UNARY(shift, x + p)
UNARY(subtract_from, p - x)
UNARY(negate, -x)
UNARY(abs, fabsf(x))
UNARY(square, x *x)
UNARY(sqrt, square_root(x))
UNARY(rsqrt, 1.0f / square_root(x))
UNARY(reciprocal, 1.0f / x)
UNARY(exp, exp_f(x))
UNARY(expm1, expm1_f(x))
UNARY(log, log_f(x))
UNARY(log1p, log1p_f(x))
UNARY(erf, erf_f(x))
