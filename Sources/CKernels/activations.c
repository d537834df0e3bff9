// Activation functions and, beside each, its gradient: x is the gradient of the result, y what the forward pass kept.
#include "elementwise.h"

UNARY(relu, x > 0.0f ? x : (x != x ? x : 0.0f))
BINARY(relu_gradient, y > 0.0f ? x : 0.0f)

UNARY(tanh, tanh_f(x))
BINARY(tanh_gradient, x *(1.0f - y * y))

UNARY(sigmoid, sigmoid_f(x))
BINARY(sigmoid_gradient, x *y *(1.0f - y))
