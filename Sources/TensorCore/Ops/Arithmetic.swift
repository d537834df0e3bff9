import CKernels

extension Tensor {
  /// Element-wise sum; shapes broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    zip(lk_add, a, b, "add").recorded("add", [a.edge { $0 }, b.edge { $0 }])
  }

  /// Element-wise difference; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    zip(lk_subtract, a, b, "subtract").recorded("subtract", [a.edge { $0 }, b.edge { -$0 }])
  }

  /// Element-wise product; shapes broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    zip(lk_multiply, a, b, "multiply").recorded(
      "multiply",
      [
        a.edge { [b = Saved(b)] gradient in gradient * b.value },
        b.edge { [a = Saved(a)] gradient in gradient * a.value },
      ])
  }

  /// Element-wise quotient; shapes broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    zip(lk_divide, a, b, "divide").recorded(
      "divide",
      [
        a.edge { [b = Saved(b)] gradient in gradient / b.value },
        b.edge { [a = Saved(a), b = Saved(b)] gradient in
          -(gradient * (a.value / b.value)) / b.value
        },
      ])
  }

  /// The negative of every element.
  public static prefix func - (a: Tensor) -> Tensor {
    a.map(lk_negate, "negate").recorded("negate", [a.edge { -$0 }])
  }

  // Scalars take the tensor's type and have no gradient.

  /// Adds `b` to every element.
  public static func + (a: Tensor, b: Float) -> Tensor {
    a.map(lk_shift, p: b, "add").recorded("add", [a.edge { $0 }])
  }

  /// Adds `a` to every element.
  public static func + (a: Float, b: Tensor) -> Tensor { b + a }

  /// Subtracts `b` from every element.
  public static func - (a: Tensor, b: Float) -> Tensor { a + -b }

  /// Subtracts every element from `a`.
  public static func - (a: Float, b: Tensor) -> Tensor {
    b.map(lk_subtract_from, p: a, "subtract").recorded("subtract", [b.edge { -$0 }])
  }

  /// Multiplies every element by `b`.
  public static func * (a: Tensor, b: Float) -> Tensor {
    a.map(lk_scale, p: b, "multiply").recorded("multiply", [a.edge { $0 * b }])
  }

  /// Multiplies every element by `a`.
  public static func * (a: Float, b: Tensor) -> Tensor { b * a }

  /// Divides every element by `b`.
  public static func / (a: Tensor, b: Float) -> Tensor { a / Tensor(b) }

  /// Divides `a` by every element.
  public static func / (a: Float, b: Tensor) -> Tensor { Tensor(a) / b }

  /// The square of every element.
  public func squared() -> Tensor {
    map(lk_square, "squared").recorded(
      "squared", [edge { [x = Saved(self)] gradient in gradient * x.value * 2 }])
  }

  /// Adds `other`, which must broadcast to this shape, in place and outside the graph.
  package func add(inPlace other: Tensor) {
    storage.markWritten(by: "add")
    Tensor.zip(lk_add, self, other, into: self, "add")
  }
}
