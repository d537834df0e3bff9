import Diagnostics
import Elements
import Kernels

// Elements and rows whose places are numbers in a tensor. Index tensors are of int32 or int64.

extension Tensor {
  /// Along `axis` the elements that `indices` names: element [i, j] along axis 1 is `self[i,
  /// indices[i, j]]`.
  ///
  /// `indices` has as many axes as this tensor and may be smaller along the others. The result has
  /// its shape. Gradients of elements that are named several times are added up. Stops for
  /// indices out of range.
  public func gathered(at indices: Tensor, axis: Int) -> Tensor {
    if let (vector, numbers) = asVectors(indices, axis, "gathered") {
      return vector.gathered(at: numbers, axis: 0).reshaped(indices.shape)
    }
    let axis = shape.axis(axis, "gathered")
    let places = places(indices, axis, "gathered")
    let result = Tensor(uninitialized: places.shape, dtype)
    IndexedRuns(dense: result, places, whole: self, axis).fillDense()
    return result.recorded(
      "gathered",
      edge(into: { [places = Saved(places)] gradient, target, accumulating in
        target.addFloats(accumulating) { sum in
          IndexedRuns(dense: gradient.wide, places.value, whole: sum, axis).addFloats()
        }
      }))
  }

  /// This tensor with `source` written to the elements along `axis` that `indices` names; where one
  /// is named several times, the last in row-major order stays.
  ///
  /// Shapes as for `gathered(at:axis:)`; `source` is at least as large as `indices` and of this
  /// type.
  public func scattered(_ source: Tensor, at indices: Tensor, axis: Int) -> Tensor {
    if let (vector, numbers) = asVectors(indices, axis, "scattered") {
      return vector.scattered(source.atLeastVector, at: numbers, axis: 0).reshaped(shape)
    }
    let axis = shape.axis(axis, "scattered")
    let places = places(indices, axis, "scattered")
    let source = self.source(source, places, "scattered")
    let result = copyOutsideGraph()
    IndexedRuns(dense: source, places, whole: result, axis).fillWhole()
    let saved = Saved(places)
    return result.recorded(
      "scattered",
      edge { gradient in
        let rest = gradient.cloned()
        let zeros = Tensor.zeros([], gradient.dtype).expanded(to: saved.value.shape)
        IndexedRuns(dense: zeros, saved.value, whole: rest, axis).fillWhole()
        return rest
      },
      source.edge { $0.gathered(at: saved.value, axis: axis) })
  }

  /// This tensor with `source` added to the elements along `axis` that `indices` names, as often as
  /// it names them, in row-major order.
  ///
  /// Shapes as for `gathered(at:axis:)`; `source` is at least as large as `indices` and of this
  /// type. Stops for Booleans.
  public func scatterAdded(_ source: Tensor, at indices: Tensor, axis: Int) -> Tensor {
    check(dtype != .bool, "scatterAdded: a tensor of bool; convert it to an integer type")
    if let (vector, numbers) = asVectors(indices, axis, "scatterAdded") {
      return vector.scatterAdded(source.atLeastVector, at: numbers, axis: 0).reshaped(shape)
    }
    if dtype.isNarrowFloat {
      // The sums are rounded when they are complete.
      return wide.scatterAdded(source.wide, at: indices, axis: axis).converted(to: dtype)
    }
    let axis = shape.axis(axis, "scatterAdded")
    let places = places(indices, axis, "scatterAdded")
    let source = self.source(source, places, "scatterAdded")
    let result = copyOutsideGraph()
    let runs = IndexedRuns(dense: source, places, whole: result, axis)
    switch dtype.elementKind {
    case .int64: runs.forEachPair(Int64.self) { $1 &+= $0 }
    case .int32: runs.forEachPair(Int32.self) { $1 &+= $0 }
    case .uint8: runs.forEachPair(UInt8.self) { $1 &+= $0 }
    case .float: runs.addFloats()
    case .bool: stop("scatterAdded: \(dtype) has no sums of its own")
    }
    return result.recorded(
      "scatterAdded", edge { $0 },
      source.edge { [places = Saved(places)] in $0.gathered(at: places.value, axis: axis) })
  }

  /// A copy of the elements along `axis` that `indices`, int64 or int32 with one axis or none,
  /// name. The other axes stay. Stops for indices out of range.
  public func indexSelected(_ indices: Tensor, axis: Int) -> Tensor {
    check(
      indices.axisCount <= 1,
      "indexSelected: indices of shape \(indices.shape); they must have one axis")
    if let vector = asVector(along: axis, "indexSelected") {
      check(
        indices.count == 1,
        "indexSelected: \(indices.count) indices for a tensor of shape []; it takes one")
      return vector.indexSelected(indices, axis: 0).reshaped([])
    }
    let axis = shape.axis(axis, "indexSelected")
    let places = indices.checkedPlaces(of: shape[axis], axis, "indexSelected")
    return taking(places.reshaped([-1]), axis, "indexSelected")
  }

  /// The values `value` where `mask`, a tensor of bool, is true, and this tensor's elsewhere; shapes
  /// broadcast. Stops where this type cannot hold the value; integers lose its fraction.
  public func maskedFilled(_ mask: Tensor, with value: Float) -> Tensor {
    check(mask.dtype == .bool, "maskedFilled: a mask of \(mask.dtype); it must be of bool")
    _ = broadcast(shape, mask.shape, "maskedFilled")
    dtype.requireRoom(for: Double(value), "maskedFilled")
    return `where`(mask, Tensor(value).converted(to: dtype), self)
  }

  /// A copy of the elements where `mask`, a tensor of bool, is true, in row-major order along one
  /// axis; shapes broadcast. The result has as many elements as the mask has that are true.
  public func maskedSelected(_ mask: Tensor) -> Tensor {
    let common = broadcast(shape, mask.shape, "maskedSelected")
    return expanded(to: common)[mask.expanded(to: common)]
  }

  // MARK: - Machinery

  /// This tensor and indices along its `axis` as vectors where one of them is a scalar, which counts
  /// as a vector of its one element; nil where none is.
  private func asVectors(
    _ indices: Tensor, _ axis: Int, _ name: StaticString
  ) -> (Tensor, indices: Tensor)? {
    guard axisCount <= 1, indices.axisCount <= 1, axisCount + indices.axisCount < 2 else {
      return nil
    }
    _ = shape.axisOrScalar(axis, name)
    return (atLeastVector, indices.atLeastVector)
  }

  /// A scalar as a vector of its one element; other tensors themselves.
  private var atLeastVector: Tensor { axisCount == 0 ? reshaped([1]) : self }

  /// The elements along `axis` at `places`, a vector: a copy.
  func taking(_ places: Tensor, _ axis: Int, _ name: StaticString) -> Tensor {
    var resultShape = shape
    resultShape[axis] = places.count
    let result = Tensor(uninitialized: resultShape, dtype)
    let values = contiguousValues()
    let (blocks, width) = (shape[..<axis].reduce(1, *), shape[(axis + 1)...].reduce(1, *))
    let numbers = places.pointer(Int64.self)
    for block in 0..<blocks {
      gatherRows(
        places.count, byteCount: width * dtype.size, numbers,
        from: values.address(block * shape[axis] * width),
        to: result.address(block * places.count * width))
    }
    return result.recorded(
      name,
      edge(into: { [places = Saved(places)] gradient, target, accumulating in
        target.addRows(of: gradient, at: places.value, axis, accumulating)
      }))
  }

  /// Adds `rows` to the elements along `axis` at `places`; leaves out the place `skipped`.
  func addRows(
    of rows: Tensor, at places: Tensor, _ axis: Int, _ accumulating: Bool,
    skipping skipped: Int = -1
  ) {
    let rows = rows.contiguousValues()
    if accumulating { storage.markWritten(by: "add") } else { clear() }
    let (size, width) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    for block in 0..<shape[..<axis].reduce(1, *) {
      Kernels.addRows(
        places.count, places.pointer(Int64.self),
        from: rows.rows(width, from: block * places.count * width, width),
        to: self.rows(width, from: block * size * width, width, .update), rows: size,
        skipping: skipped)
    }
  }

  /// Lets `add` add to this contiguous gradient, or to zeros unless `accumulating`, in float32.
  func addFloats(_ accumulating: Bool, _ add: (Tensor) -> Void) {
    if dtype == .float32 {
      if accumulating { storage.markWritten(by: "add") } else { clear() }
      return add(self)
    }
    let sum = Tensor.zeros(shape)
    add(sum)
    if accumulating { self.add(inPlace: sum) } else { assign(sum) }
  }

  /// These indices as int64 without gaps. Stops unless they are integers in 0 ..< `size`, or from
  /// -`size` on where `countingFromEnd`; negative ones are then counted from the end.
  func checkedPlaces(
    of size: Int, _ axis: Int, _ name: StaticString, countingFromEnd: Bool = false
  ) -> Tensor {
    check(
      dtype == .int64 || dtype == .int32,
      "\(name): indices of \(dtype); they must be of int64 or int32")
    let places = detached().converted(to: .int64).contiguousValues()
    let numbers = UnsafeBufferPointer(start: places.pointer(Int64.self), count: count)
    let lowest = countingFromEnd ? -size : 0
    var isNegative = false
    for number in numbers {
      check(
        number >= lowest && number < size,
        "\(name): index \(number) is out of range for axis \(axis) of size \(size)")
      isNegative = isNegative || number < 0
    }
    return isNegative
      ? Tensor(numbers.map { $0 < 0 ? $0 + Int64(size) : $0 }, shape: shape) : places
  }

  private func places(_ indices: Tensor, _ axis: Int, _ name: StaticString) -> Tensor {
    let fits =
      indices.axisCount == axisCount
      && (0..<axisCount).allSatisfy { $0 == axis || indices.shape[$0] <= shape[$0] }
    check(
      fits,
      """
      \(name): indices of shape \(indices.shape) for shape \(shape); they may be larger along axis \
      \(axis) only
      """)
    return indices.checkedPlaces(of: shape[axis], axis, name)
  }

  /// The part of `source` that indices of the shape of `places` use.
  private func source(_ source: Tensor, _ places: Tensor, _ name: StaticString) -> Tensor {
    check(
      source.dtype == dtype, "\(name): a source of \(source.dtype) for a tensor of \(dtype)")
    if source.shape == places.shape { return source }
    let fits =
      source.axisCount == axisCount
      && (0..<axisCount).allSatisfy { places.shape[$0] <= source.shape[$0] }
    check(fits, "\(name): a source of shape \(source.shape) for indices of shape \(places.shape)")
    var region = Region(source.shape)
    for axis in 0..<axisCount { region.narrow(axis, from: 0, count: places.shape[axis]) }
    return source.part(region, name)
  }

  private func copyOutsideGraph() -> Tensor { detached().cloned() }
}
