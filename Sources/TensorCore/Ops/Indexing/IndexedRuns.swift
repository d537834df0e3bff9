import Elements

/// Pairs every element of a tensor, `dense`, with the element of another, `whole`, that an index
/// names along one axis.
struct IndexedRuns {
  private let dense: Tensor
  private let places: Tensor
  private let whole: Tensor
  private let plan: RunPlan<3>
  /// Elements of `whole` from one index to the next.
  private let step: Int

  /// Element [i, j, k] of `dense` and, for axis 1, element [i, places[i, j, k], k] of `whole`.
  init(dense: Tensor, _ places: Tensor, whole: Tensor, _ axis: Int) {
    var strides = whole.strides
    step = strides[axis]
    strides[axis] = 0
    (self.dense, self.places, self.whole) = (dense, places, whole)
    plan = RunPlan(places.shape, [dense.strides, places.strides, strides])
  }

  /// Element [k, i, j] of `rows` and element [places[k], i, j] of `whole`.
  init(rows: Tensor, _ places: Tensor, whole: Tensor) {
    var (strides, repeated) = (whole.strides, Shape(repeating: 0, count: rows.axisCount))
    step = strides[0]
    strides[0] = 0
    repeated[0] = 1
    (dense, self.places, self.whole) = (rows, places, whole)
    plan = RunPlan(rows.shape, [rows.strides, repeated, strides])
  }

  /// Overwrites each element of `dense` with the one of `whole`.
  func fillDense() {
    switch dense.dtype.word {
    case .one: forEachPair(UInt8.self) { $0 = $1 }
    case .two: forEachPair(UInt16.self) { $0 = $1 }
    case .four: forEachPair(UInt32.self) { $0 = $1 }
    case .eight: forEachPair(UInt64.self) { $0 = $1 }
    }
  }

  /// Overwrites each element of `whole` with the one of `dense`, in row-major order of `dense`.
  func fillWhole() {
    switch dense.dtype.word {
    case .one: forEachPair(UInt8.self) { $1 = $0 }
    case .two: forEachPair(UInt16.self) { $1 = $0 }
    case .four: forEachPair(UInt32.self) { $1 = $0 }
    case .eight: forEachPair(UInt64.self) { $1 = $0 }
    }
  }

  /// Adds each element of `dense`, floats, to the one of `whole`, which has no gaps: in double where
  /// indices are many beside its elements, so that one of these may be named very often.
  func addFloats() {
    let (source, target) = (dense.base(of: Float.self), whole.base(of: Float.self))
    guard places.count > 32, places.count >= whole.count / 8 else {
      return forEachPlace { target[$1] += source[$0] }
    }
    var sums = (0..<whole.count).map { Double(target[$0]) }
    sums.withUnsafeMutableBufferPointer { sums in
      forEachPlace { sums[$1] += Double(source[$0]) }
      for index in sums.indices { target[index] = Float(sums[index]) }
    }
  }

  /// Calls `body` with the places of each pair, in row-major order of `dense`.
  @inline(__always)
  private func forEachPlace(_ body: (_ dense: Int, _ whole: Int) -> Void) {
    let numbers = places.pointer(Int64.self)
    plan.forEachRun { count, strides, offsets in
      for i in 0..<count {
        let place = Int(numbers[offsets[1] + i * strides[1]]) * step
        body(offsets[0] + i * strides[0], offsets[2] + i * strides[2] + place)
      }
    }
  }

  /// Calls `body` with each pair, in row-major order of `dense`.
  @inline(__always)
  func forEachPair<Element: BitwiseCopyable>(
    _: Element.Type, _ body: (_ dense: inout Element, _ whole: inout Element) -> Void
  ) {
    let (d, w) = (dense.base(of: Element.self), whole.base(of: Element.self))
    let p = places.pointer(Int64.self)
    plan.forEachRun { count, strides, offsets in
      let (d, p, w) = (d + offsets[0], p + offsets[1], w + offsets[2])
      if strides[1] == 0 {
        let w = w + Int(p[0]) * step
        for i in 0..<count { body(&d[i * strides[0]], &w[i * strides[2]]) }
      } else {
        for i in 0..<count {
          body(&d[i * strides[0]], &w[i * strides[2] + Int(p[i * strides[1]]) * step])
        }
      }
    }
  }
}
