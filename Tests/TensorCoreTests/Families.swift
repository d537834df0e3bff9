/// All families; their names are those of the fixture files.
let families = [
  arithmeticFamily, comparisonFamily, unaryFamily, activationFamily, reductionFamily, matmulFamily,
  movementFamily, softmaxFamily, lossFamily, convolutionFamily, attentionFamily, sortingFamily,
]
