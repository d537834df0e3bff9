import DataParallel
import TensorCore
import Testing

@Suite struct BucketPlanTests {
  @Test(arguments: [
    ([], 10, []), ([5], 10, [0..<5]), ([5, 5, 5], 10, [0..<10, 10..<15]),
    ([5, 6, 4], 10, [0..<5, 5..<15]), ([3, 30, 3], 10, [0..<3, 3..<33, 33..<36]),
    ([16, 16, 16], 1, [0..<16, 16..<32, 32..<48]), ([0, 4, 0], 4, [0..<4]),
  ])
  func gradientsFillOneBucketAfterAnother(
    _ sizes: [Int], _ bucketSize: Int, _ expected: [Range<Int>]
  ) {
    let plan = BucketPlan(sizes: sizes, bucketSize: bucketSize)
    #expect(plan.buckets.map(\.elements) == expected)
  }

  @Test func everyGradientIsInOneBucketThatIsNotLargerThanNeedBe() {
    let random = Generator(seed: 12)
    for bucketSize in [1, 50, 64, 1000, 100_000] {
      let sizes = Tensor.randomIntegers([100], in: 0..<200, generator: random)
        .array(of: Int32.self).map(Int.init)
      let plan = BucketPlan(sizes: sizes, bucketSize: bucketSize)
      var (gradient, element) = (0, 0)
      for (index, bucket) in plan.buckets.enumerated() {
        #expect(bucket.gradients.lowerBound == gradient && bucket.elements.lowerBound == element)
        #expect(bucket.elements.count == sizes[bucket.gradients].reduce(0, +))
        #expect(bucket.elements.count <= bucketSize || bucket.gradients.count == 1)
        #expect(plan.bucketOfGradient[bucket.gradients].allSatisfy { $0 == index })
        gradient = bucket.gradients.upperBound
        element = bucket.elements.upperBound
        if gradient < sizes.count {
          #expect(bucket.elements.count + sizes[gradient] > bucketSize)
        }
      }
      #expect(gradient == 100 && element == sizes.reduce(0, +))
    }
  }

  @Test func emptyBucketsAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = BucketPlan(sizes: [1], bucketSize: 0) }
  }
}
