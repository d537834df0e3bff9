import DataLoading
import TensorCore
import Testing

@Suite struct DigitsTests {
  static let train = Digits(.train)
  static let test = Digits(.test)

  static func labels(_ data: Digits) -> [Int] {
    data.batch(0..<data.count).1.array(of: Int32.self).map { Int($0) }
  }

  static func perClass(_ data: Digits) -> [Int] {
    (0..<10).map { digit in labels(data).count { $0 == digit } }
  }

  @Test func splitsAreBalanced() {
    #expect(Self.perClass(Self.train) == [143, 146, 142, 147, 145, 146, 145, 144, 140, 144])
    #expect(Self.perClass(Self.test) == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36])
    #expect(Self.train.count == 1442)
    #expect(Self.test.count == 355)
  }

  @Test func firstImageIsTheFirstOfTheFile() {
    let (images, labels) = Self.train.batch([0])
    #expect(images.shape == [1, 64])
    #expect(labels.array(of: Int32.self) == [0])
    let pixels: [Float] = [
      0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0, 0, 4, 12, 0,
      0, 8, 8, 0, 0, 5, 8, 0, 0, 9, 8, 0, 0, 4, 11, 0, 1, 12, 7, 0, 0, 2, 14, 5, 10, 12, 0, 0, 0,
      0, 6, 13, 10, 0, 0, 0,
    ]
    #expect(images.floats == pixels.map { $0 / 16 })
  }

  @Test func splitsKeepTheOrderOfTheFile() {
    #expect(Self.labels(Self.train).prefix(12) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    #expect(Self.labels(Self.test).prefix(12) == [5, 0, 9, 8, 7, 1, 2, 6, 3, 4, 0, 2])
  }

  @Test func allPixelsAreThere() {
    func sum(_ data: Digits) -> Float { data.batch(0..<data.count).0.floats.reduce(0, +) * 16 }
    #expect(sum(Self.train) == 450_566)
    #expect(sum(Self.test) == 111_152)
  }
}
