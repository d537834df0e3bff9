import Diagnostics
public import TensorCore

/// 1,797 handwritten digits of 8 x 8 pixels that are part of the library, for first steps and
/// tests.
///
/// Inputs are `[64]`, pixels from 0 to 1 in steps of 1/16; targets are labels 0...9. Of each class
/// every fifth image in the order of the file is for testing, which makes 1,442 training and 355
/// test images.
///
/// The data are "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, UCI
/// Machine Learning Repository, doi:10.24432/C50P49, CC BY 4.0.
public struct Digits: DatasetWrapper {
  /// The images and labels of the split.
  public let base: ByteDataset

  /// The images of one split.
  public init(_ split: Split) {
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    var seen = [Int](repeating: 0, count: 10)
    for row in Self.rows() {
      let label = Int(row[row.endIndex - 1])
      seen[label] += 1
      guard seen[label].isMultiple(of: 5) == (split == .test) else { continue }
      pixels += row.dropLast()
      labels.append(Int32(label))
    }
    base = ByteDataset(bytes: pixels, shape: [64], labels: labels, scale: 1 / 16)
  }

  /// The lines of the file: 64 pixels and a label each.
  private static func rows() -> [ArraySlice<UInt8>] {
    let size = 65
    var values: [UInt8] = []
    var value: UInt8 = 0
    for character in text() {
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = value * 10 + (character - UInt8(ascii: "0"))
      default:
        values.append(value)
        value = 0
      }
    }
    check(values.count == 1797 * size, "Digits: the embedded file has \(values.count) values")
    return stride(from: 0, to: values.count, by: size).map { values[$0..<$0 + size] }
  }

  private static func text() -> [UInt8] {
    do {
      let file = MemoryStream(PackageResources.digits_csv_gz, name: "digits.csv.gz")
      return try GzipStream(file).bytes(upTo: 1 << 20)
    } catch {
      stop("Digits: the embedded file is damaged: \(error)")
    }
  }
}
