import DataParallel
import Elements
import TensorCore
import Testing

@Suite(.serialized) struct BucketPlanTests {
  /// Gradients of Float32 in the order of declaration, and the buckets that they make: in reverse.
  @Test(arguments: [
    ([], 640, []), ([80], 640, [0..<80]), ([80, 80, 80], 640, [0..<160, 160..<240]),
    ([64, 96, 80], 640, [0..<80, 80..<240]), ([48, 480, 48], 640, [0..<48, 48..<528, 528..<576]),
    ([16, 16, 16], 1, [0..<16, 16..<32, 32..<48]), ([0, 64, 0], 256, [0..<64]),
    ([1, 17], 10_000, [0..<48]),
  ])
  func gradientsFillOneBucketAfterAnother(
    _ counts: [Int], _ bucketBytes: Int, _ expected: [Range<Int>]
  ) {
    let plan = BucketPlan(counts.map { ($0, .float32) }, bucketBytes: bucketBytes)
    let found = plan.buckets.map {
      $0.stretch.start / 4..<$0.stretch.start / 4 + $0.stretch.count
    }
    #expect(found == expected)
  }

  @Test func typesLieApart() {
    let plan = BucketPlan(
      [(40, .float16), (5, .float32), (64, .float16), (16, .float32)], bucketBytes: 1 << 20)
    #expect(
      plan.slots == [
        Stretch(.float16, start: 256, count: 40), Stretch(.float32, start: 64, count: 5),
        Stretch(.float16, start: 128, count: 64), Stretch(.float32, start: 0, count: 16),
      ])
    #expect(
      plan.buckets.map(\.stretch) == [
        Stretch(.float32, start: 0, count: 32), Stretch(.float16, start: 128, count: 128),
      ])
    #expect(plan.bucketOfGradient == [1, 0, 1, 0] && plan.byteCount == 384)
  }

  @Test(arguments: [1, 200, 256, 4000, 400_000])
  func everyGradientIsInOneBucketThatIsNotLargerThanNeedBe(_ bucketBytes: Int) {
    let random = Generator(seed: 12)
    let numbers = Tensor.randomIntegers([200], in: 0..<200, generator: random)
      .array(of: Int32.self).map(Int.init)
    let gradients = (0..<100).map {
      (count: numbers[$0], dtype: numbers[100 + $0] % 3 == 0 ? DType.float16 : .float32)
    }
    let plan = BucketPlan(gradients, bucketBytes: bucketBytes)
    var end = 0
    var seen: [Int] = []
    for (index, bucket) in plan.buckets.enumerated() {
      #expect(bucket.stretch.start == end)
      #expect(bucket.stretch.byteCount <= bucketBytes || bucket.gradients.count == 1)
      for place in bucket.gradients {
        let slot = plan.slots[place]
        #expect(slot.dtype == gradients[place].dtype && slot.count == gradients[place].count)
        #expect(slot.dtype == bucket.stretch.dtype && plan.bucketOfGradient[place] == index)
        #expect(slot.start >= end && slot.start < end + 64 && slot.start.isMultiple(of: 64))
        end = slot.end
      }
      #expect(bucket.stretch.end - end < 64)
      end = bucket.stretch.end
      seen += bucket.gradients
      if index + 1 < plan.buckets.count {
        let next = plan.slots[plan.buckets[index + 1].gradients[0]]
        #expect(
          next.dtype != bucket.stretch.dtype
            || bucket.stretch.byteCount + (next.byteCount + 63) / 64 * 64 > bucketBytes)
      }
    }
    #expect(seen.sorted() == Array(0..<100) && end == plan.byteCount)
  }

  @Test func emptyBucketsAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = BucketPlan([(1, .float32)], bucketBytes: 0) }
  }

  @Test func theWireNarrowsAllButTheLast() {
    let buckets = [
      Stretch(.float32, start: 0, count: 32), Stretch(.float16, start: 128, count: 32),
      Stretch(.float32, start: 192, count: 16),
    ]
    #expect(Wire(buckets).isArena && Wire(buckets).byteCount == 256)
    let narrow = Wire(buckets, narrowing: .float16)
    #expect(!narrow.isArena && narrow.stretches.map(\.dtype) == [.float16, .float16, .float32])
    #expect(narrow.stretches.map(\.start) == [0, 64, 128] && narrow.byteCount == 192)
  }
}
