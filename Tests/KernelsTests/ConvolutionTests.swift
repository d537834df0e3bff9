import CKernels
import Kernels
import TestSupport
import Testing

/// Sizes of a convolution, and plain loops over its seven axes.
private struct Case: CustomTestStringConvertible {
  let geometry: Convolution

  /// `padding` may cut the last windows off; outputs are as many as fit.
  init(
    _ batch: Int, _ groups: Int, _ inputs: Int, _ outputs: Int, _ input: (Int, Int),
    kernel: (Int, Int), stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
    dilation: (Int, Int) = (1, 1)
  ) {
    geometry = Convolution(
      batch: batch, groups: groups, inputs: inputs, outputs: outputs,
      input: Plane(input.0, input.1),
      output: Plane(
        Convolution.outputSize(
          input.0, kernel: kernel.0, stride: stride.0, padding: padding.0, dilation: dilation.0),
        Convolution.outputSize(
          input.1, kernel: kernel.1, stride: stride.1, padding: padding.1, dilation: dilation.1)),
      kernel: Plane(kernel.0, kernel.1), stride: Plane(stride.0, stride.1),
      padding: Plane(padding.0, padding.1), dilation: Plane(dilation.0, dilation.1))
  }

  var testDescription: String {
    let g = geometry
    return """
      \(g.batch)x\(g.groups)x\(g.inputs)->\(g.outputs), \(g.input.height)x\(g.input.width), kernel \
      \(g.kernel.height)x\(g.kernel.width), stride \(g.stride.height)x\(g.stride.width)
      """
  }

  var inputCount: Int {
    geometry.batch * geometry.groups * geometry.inputs * geometry.input.count
  }
  var outputCount: Int {
    geometry.batch * geometry.groups * geometry.outputs * geometry.output.count
  }
  var weightCount: Int {
    geometry.groups * geometry.outputs * geometry.inputs * geometry.kernel.count
  }

  /// Calls `body` with the places of every output, input and weight that meet.
  func forEachProduct(_ body: (_ output: Int, _ input: Int, _ weight: Int) -> Void) {
    let g = geometry
    for image in 0..<g.batch {
      for output in 0..<(g.groups * g.outputs) {
        for channel in 0..<g.inputs {
          let input = output / g.outputs * g.inputs + channel
          for oy in 0..<g.output.height {
            for ky in 0..<g.kernel.height {
              let y = oy * g.stride.height + ky * g.dilation.height - g.padding.height
              guard y >= 0, y < g.input.height else { continue }
              for ox in 0..<g.output.width {
                for kx in 0..<g.kernel.width {
                  let x = ox * g.stride.width + kx * g.dilation.width - g.padding.width
                  guard x >= 0, x < g.input.width else { continue }
                  body(
                    ((image * g.groups * g.outputs + output) * g.output.height + oy)
                      * g.output.width + ox,
                    ((image * g.groups * g.inputs + input) * g.input.height + y) * g.input.width
                      + x,
                    ((output * g.inputs + channel) * g.kernel.height + ky) * g.kernel.width + kx)
                }
              }
            }
          }
        }
      }
    }
  }
}

/// A function that writes its result, or adds it, given scratch memory.
private typealias Product = (
  _ result: UnsafeMutablePointer<Float>, _ accumulating: Bool, _ scratch: Convolution.Scratch
) -> Void

/// The result of `product`, which must write all of it and nothing behind it. Scratch memory holds
/// NaNs at first.
private func result(_ count: Int, from start: Float? = nil, _ product: Product) -> [Float] {
  var scratch: [Float] = []
  var values = [Float](repeating: start ?? .nan, count: count) + [7]
  values.withUnsafeMutableBufferPointer { values in
    guard let base = values.baseAddress else { return }
    product(base, start != nil) { count in
      scratch = [Float](repeating: .nan, count: count)
      return scratch.withUnsafeMutableBufferPointer { $0.baseAddress ?? base }
    }
  }
  #expect(values.removeLast() == 7)
  return values
}

@Suite struct ConvolutionTests {
  private static let cases: [Case] = [
    Case(1, 1, 1, 1, (1, 1), kernel: (1, 1)),
    Case(0, 1, 2, 3, (4, 4), kernel: (3, 3), padding: (1, 1)),
    Case(3, 1, 1, 32, (9, 11), kernel: (3, 3), padding: (1, 1)),
    Case(2, 1, 3, 17, (7, 5), kernel: (3, 3), padding: (1, 1)),
    Case(2, 1, 33, 31, (6, 6), kernel: (3, 3), padding: (1, 1)),
    Case(1, 1, 40, 8, (12, 11), kernel: (3, 3), padding: (1, 1)),
    Case(9, 1, 16, 16, (17, 18), kernel: (3, 3), padding: (1, 1)),
    Case(2, 1, 5, 6, (8, 9), kernel: (1, 1)),
    Case(2, 1, 5, 6, (8, 9), kernel: (1, 1), stride: (2, 3)),
    Case(2, 1, 4, 5, (11, 10), kernel: (3, 3), stride: (2, 2), padding: (1, 1)),
    Case(1, 1, 2, 3, (9, 9), kernel: (2, 2), stride: (3, 4)),
    Case(1, 1, 3, 4, (10, 13), kernel: (3, 2), stride: (2, 1), padding: (3, 2), dilation: (2, 3)),
    Case(1, 1, 2, 2, (5, 6), kernel: (5, 6)),
    Case(2, 3, 4, 5, (7, 7), kernel: (3, 3), padding: (1, 1)),
    Case(2, 7, 1, 1, (9, 20), kernel: (3, 3), padding: (1, 1)),
    Case(2, 37, 1, 1, (8, 9), kernel: (3, 3), stride: (2, 2), padding: (1, 1)),
    Case(1, 16, 1, 1, (5, 5), kernel: (2, 2)),
    Case(2, 7, 1, 2, (9, 8), kernel: (3, 3), stride: (2, 2), padding: (1, 1)),
    Case(2, 1, 64, 2, (5, 5), kernel: (3, 3), padding: (2, 2)),
  ]

  /// Rows of pixels and of taps of all lengths that make a run in a tile of their own, are cut into
  /// several, or into several bands.
  private static let widths: [Case] =
    (Array(1...24) + [96, 97, 130, 193]).flatMap { width in
      [
        Case(1, 1, 2, 3, (3, width), kernel: (2, 3), padding: (0, 1)),
        Case(1, 3, 1, 1, (3, width), kernel: (2, 3), padding: (0, 1)),
      ]
    }
    + (1...10).flatMap { width in
      [
        Case(1, 1, 3, 2, (4, 12), kernel: (3, width)),
        Case(1, 3, 1, 1, (4, 12), kernel: (3, width), stride: (1, 2)),
      ]
    }

  @Test(arguments: cases + widths)
  private func productsAreThoseOfPlainLoops(_ example: Case) {
    let geometry = example.geometry
    let x = randomValues(example.inputCount + 1), w = randomValues(example.weightCount, seed: 2)
    let g = randomValues(example.outputCount + 1, seed: 3)
    let outputs = geometry.groups * geometry.outputs
    let bias = randomValues(max(outputs, geometry.groups * geometry.inputs), seed: 4)
    var forward = [Double](repeating: 0, count: example.outputCount)
    var inputGradient = [Double](repeating: 0, count: example.inputCount)
    var weightGradient = [Double](repeating: 0, count: example.weightCount)
    example.forEachProduct { output, input, weight in
      forward[output] += Double(x[input]) * Double(w[weight])
      inputGradient[input] += Double(g[output]) * Double(w[weight])
      weightGradient[weight] += Double(g[output]) * Double(x[input])
    }
    // Products of numbers up to 4, so 16 times as large as those that the bound is made for.
    func bound(_ terms: Int) -> Tolerance { .sum(of: 16 * terms) }
    let taps = geometry.kernel.count
    for start in [nil, 5] as [Float?] {
      let added = Double(start ?? 0)
      expectClose(
        result(example.outputCount, from: start) {
          geometry.forward(x, w, bias: bias, into: $0, accumulating: $1, scratch: $2)
        },
        to: forward.enumerated().map {
          $1 + added + Double(bias[$0 / geometry.output.count % outputs])
        }, within: bound(geometry.inputs * taps), "forward")
      expectClose(
        result(example.inputCount, from: start) {
          geometry.inputGradient(g, w, into: $0, accumulating: $1, scratch: $2)
        }, to: inputGradient.map { $0 + added }, within: bound(geometry.outputs * taps), "input")
      expectClose(
        result(example.weightCount, from: start) {
          geometry.weightGradient(g, x, into: $0, accumulating: $1, scratch: $2)
        }, to: weightGradient.map { $0 + added },
        within: bound(geometry.batch * geometry.output.count), "weight")
    }
  }

  @Test func padsAndCutsPlanes() {
    let planes: [Float] = [1, 2, 3, 4, 5, 6]  // two planes of 1 x 3
    var wide = [Float](repeating: .nan, count: 2 * 3 * 5)
    lk_pad_planes(2, 1, 3, planes, 1, 1, 3, 5, &wide)
    let none: [Float] = [0, 0, 0, 0, 0]
    #expect(wide == none + [0, 1, 2, 3, 0] + none + none + [0, 4, 5, 6, 0] + none)
    var narrow = [Float](repeating: .nan, count: 2)
    lk_pad_planes(2, 1, 3, planes, 0, -1, 1, 1, &narrow)
    #expect(narrow == [2, 5])
    lk_pad_planes(2, 1, 3, planes, 0, 4, 1, 1, &narrow)
    #expect(narrow == [0, 0])
  }

  @Test func lanesAndBack() {
    for rows in [1, 5, 8, 9, 16] {
      for columns in testSizes where columns < 70 {
        let (values, leading) = (randomValues(rows * (columns + 3)), columns % 2 == 0 ? 16 : 32)
        var packed = [Float](repeating: .nan, count: columns * leading + 1)
        lk_lanes_from_rows(rows, columns, values, columns + 3, &packed, leading)
        for column in 0..<columns {
          for lane in 0..<16 {
            let expected = lane < rows ? values[lane * (columns + 3) + column] : 0
            #expect(packed[column * leading + lane] == expected)
          }
        }
        var back = values
        lk_rows_from_lanes(rows, columns, packed, leading, nil, &back, columns + 3, false)
        #expect(back == values && packed[columns * leading].isNaN)
      }
    }
  }
}

extension ThreadTests {
  @Test func convolutionsDoNotDependOnTheThreads() {
    let geometry = Convolution(
      batch: 5, groups: 1, inputs: 24, outputs: 40, input: Plane(14, 14), output: Plane(14, 14),
      kernel: Plane(3, 3), stride: Plane(1, 1), padding: Plane(1, 1), dilation: Plane(1, 1))
    let x = randomValues(5 * 24 * 196), g = randomValues(5 * 40 * 196, seed: 2)
    let w = randomValues(40 * 24 * 9, seed: 3)
    func all() -> [[Float]] {
      [
        result(g.count) {
          geometry.forward(x, w, bias: nil, into: $0, accumulating: $1, scratch: $2)
        },
        result(x.count) {
          geometry.inputGradient(g, w, into: $0, accumulating: $1, scratch: $2)
        },
        result(w.count) {
          geometry.weightGradient(g, x, into: $0, accumulating: $1, scratch: $2)
        },
      ]
    }
    let alone = withThreads(1) { all() }
    for threads in 2...4 { #expect(withThreads(threads) { all() } == alone) }
  }
}

@Suite struct PoolingTests {
  @Test func largestOfEachWindow() {
    for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 3, 1), (5, 4, 2)] {
      for (height, width) in [(5, 5), (7, 33), (12, 18)] {
        var values = randomValues(2 * height * width)
        values[width + 1] = .nan
        values[height * width] = -.infinity
        let out = (
          Convolution.outputSize(height, kernel: kernel, stride: stride, padding: padding),
          Convolution.outputSize(width, kernel: kernel, stride: stride, padding: padding)
        )
        var windows = lk_windows(
          height: height, width: width, out_height: out.0, out_width: out.1, kernel_y: kernel,
          kernel_x: kernel, stride_y: stride, stride_x: stride, padding_y: padding,
          padding_x: padding)
        let count = 2 * out.0 * out.1
        var best = [Float](repeating: 9, count: count)
        var places = [Int32](repeating: -1, count: count)
        lk_maximum_windows(&windows, 2, values, &best, &places)
        for index in 0..<count {
          let (plane, y, x) = (index / (out.0 * out.1), index / out.1 % out.0, index % out.1)
          let rows = max(0, y * stride - padding)..<min(height, y * stride - padding + kernel)
          let columns = max(0, x * stride - padding)..<min(width, x * stride - padding + kernel)
          let window = rows.flatMap { row in columns.map { row * width + $0 } }
          let numbers = window.map { values[plane * height * width + $0] }
          let expected =
            numbers.firstIndex { $0.isNaN } ?? numbers.firstIndex(of: numbers.max() ?? 0)
          #expect(expected.map { window[$0] } == Int(places[index]))
          #expect(best[index].isNaN || best[index] == numbers.max())
          #expect(best[index].isNaN == numbers.contains { $0.isNaN })
        }
      }
    }
  }
}
