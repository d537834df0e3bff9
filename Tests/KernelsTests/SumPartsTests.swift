import CKernels
import Testing

@Suite struct SumPartsTests {
  /// Every length around the kernel's stretches, from any start; nothing else is written.
  @Test(arguments: [1, 2, 3, 7])
  func sumsInTheOrderOfTheParts(_ count: Int) {
    let size = 300
    for (start, length) in [(0, 0), (0, 1), (3, 63), (0, 64), (16, 65), (5, 200), (0, 300)] {
      let values = (0..<count).map { part in
        (0..<size).map { Float($0 + 1) * Float(sign: .plus, exponent: 8 * part, significand: 0.3) }
      }
      let blocks = values.map { part in
        let block = UnsafeMutablePointer<Float>.allocate(capacity: size)
        block.initialize(from: part, count: size)
        return block
      }
      defer { for block in blocks { block.deallocate() } }
      // All but the last, so that what is no target is seen to stay.
      let targets = count == 1 ? blocks : Array(blocks.dropLast())
      let factor: Float = start == 0 ? 1 : 0.3
      lk_sum_parts(length, start, blocks, count, factor, targets, targets.count)
      for (part, block) in blocks.enumerated() {
        let found = (0..<size).map { block[$0] }
        let expected = (0..<size).map { index in
          guard (start..<start + length).contains(index), part < targets.count else {
            return values[part][index]
          }
          return factor * values.dropFirst().reduce(values[0][index]) { $0 + $1[index] }
        }
        #expect(found == expected, "\(length) from \(start), part \(part)")
      }
    }
  }
}
