import Diagnostics

/// The mean and standard deviation of each column of a table, to bring all columns to the same
/// scale.
public struct Standardization: Hashable, Sendable {
  /// The mean of each column, over the values that are not missing.
  public let means: [Double]
  /// The standard deviation of each column (divided by the number of values), 1 for a column whose
  /// values are all the same.
  public let deviations: [Double]

  /// Means and deviations that were fitted before. Stops the program unless there is one of each for
  /// every column.
  public init(means: [Double], deviations: [Double]) {
    check(
      means.count == deviations.count,
      "Standardization: \(means.count) means, but \(deviations.count) deviations")
    self.means = means
    self.deviations = deviations
  }

  /// Fits the columns of `rows`, given the values of a whole table row after row.
  ///
  /// Where a column has no value in these rows its mean is NaN.
  init(_ values: [Double], columns: Int, rows: [Int]) {
    var (means, deviations): ([Double], [Double]) = ([], [])
    for column in 0..<columns {
      let present = rows.lazy.map { values[$0 * columns + column] }.filter { !$0.isNaN }
      let count = Double(present.count)
      let mean = present.reduce(0, +) / count
      let variance = present.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      means.append(mean)
      deviations.append(variance > 0 ? variance.squareRoot() : 1)
    }
    self.means = means
    self.deviations = deviations
  }

  /// The values of a row on the common scale: less the mean, divided by the deviation. A value that
  /// is missing, which is NaN, becomes 0, as if it were the mean.
  ///
  /// Stops the program unless there is a value for each column.
  public func callAsFunction(_ row: some Collection<Double>) -> [Float] {
    check(
      row.count == means.count,
      "Standardization: a row of \(row.count) values does not fit \(means.count) columns")
    return zip(row, zip(means, deviations)).map { value, column in
      value.isNaN ? 0 : Float((value - column.0) / column.1)
    }
  }
}
