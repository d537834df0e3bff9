import TensorCore
import TestSupport
import Testing

/// What PyTorch takes is taken, with its results.
@Suite struct AcceptedArgumentTests {
  /// PyTorch's results: integers keep their type, and limits lose their fractions.
  @Test(arguments: [DType.uint8, .int32, .int64])
  func hardtanhKeepsIntegers(_ dtype: DType) {
    let x = Tensor([0, 3, 9] as [Int64]).converted(to: dtype)
    let y = hardtanh(x, minimum: 0, maximum: 6.5)
    #expect(y.dtype == dtype && y.array(of: Int64.self) == [0, 3, 6])
  }

  /// As in PyTorch, bytes ask and answer in bytes.
  @Test func truthOfBytesIsOfBytes() {
    let x = Tensor([0, 3, 9, 1] as [UInt8], shape: [2, 2])
    #expect(x.any(axis: 1).dtype == .uint8 && x.any(axis: 1).array(of: UInt8.self) == [1, 1])
    #expect(x.all(axis: 1).dtype == .uint8 && x.all(axis: 1).array(of: UInt8.self) == [0, 1])
    #expect(x.all().dtype == .uint8 && x.converted(to: .int32).any().dtype == .bool)
  }

  @Test func emptyVectorAddsNothing() {
    let x = leaf([1, 2, 3, 4, 5, 6]).reshaped([2, 3])
    let empty = Tensor([] as [Float])
    #expect(cat([empty, x, empty, x], axis: 1).shape == [2, 6])
    #expect(cat([x, empty]).floats == x.floats)
    #expect(cat([empty, empty]).shape == [0])
    #expect(cat([Tensor([] as [Float]), Tensor([1] as [Int64])]).dtype == .float32)
    empty.requiresGrad = true
    cat([empty, x], axis: -1).sum().backward()
    #expect(empty.grad?.shape == [0])
  }

  private static let batched: [(name: String, shape: Shape, apply: @Sendable (Tensor) -> Tensor)] =
    [
      ("conv1d", [3, 7], { conv1d($0, gridValues([4, 3, 2]), gridValues([4]), padding: 1) }),
      ("conv2d", [3, 5, 6], { conv2d($0, gridValues([4, 3, 2, 3]), gridValues([4]), stride: 2) }),
      (
        "convTranspose2d", [3, 5, 6], { convTranspose2d($0, gridValues([3, 2, 2, 2]), stride: 2) }
      ),
      ("maxPool1d", [3, 7], { maxPool1d($0, kernel: 2) }),
      ("maxPool2d", [3, 5, 6], { maxPool2d($0, kernel: 3, padding: 1) }),
      ("avgPool1d", [3, 7], { avgPool1d($0, kernel: 2, countIncludesPadding: false) }),
      ("avgPool2d", [3, 5, 6], { avgPool2d($0, kernel: 2, stride: 1) }),
      ("adaptiveAvgPool2d", [3, 5, 6], { adaptiveAvgPool2d($0, size: 2) }),
    ]

  /// One sample without an axis for the batch is a batch of one.
  @Test(arguments: batched.indices)
  func oneSampleIsABatchOfOne(_ index: Int) {
    let (name, shape, apply) = Self.batched[index]
    let (one, batch) = (gridValues(shape), gridValues(shape).unsqueezed(0).cloned())
    for x in [one, batch] { x.requiresGrad = true }
    let (y, expected) = (apply(one), apply(batch))
    #expect(y.shape == expected.squeezed(0).shape && y.floats == expected.floats, "\(name)")
    for result in [y, expected] { (result * result).sum().backward() }
    #expect(one.grad?.shape == shape && one.grad?.floats == batch.grad?.floats, "\(name)")
  }

  /// The mask may be larger than the tensor, as in PyTorch.
  @Test func maskedFilledBroadcasts() {
    let x = leaf([1, 2])
    let mask = Tensor([true, false, false, true], shape: [2, 2])
    let y = x.maskedFilled(mask, with: 7)
    #expect(y.shape == [2, 2] && y.floats == [7, 2, 1, 7])
    y.sum().backward()
    #expect(x.grad?.floats == [1, 1])
  }
}
