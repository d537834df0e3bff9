import Lockstep

// A tensor is an array of any rank. Literals nest; types and shapes follow from them.
let a = Tensor([[1.0, 2, 3], [4, 5, 6]])
print("a =", a)
print("shape", a.shape, "type", a.dtype)

// Shapes broadcast: a row is added to every row, a column to every column.
let row = Tensor([10.0, 20, 30])
let column = Tensor([[100.0], [200]])
print("a + row + column =", a + row + column)

// Parts are views: they share memory, so a write through one is seen by all.
let corner = a[0, 1...]
corner.fill(0)
print("after corner.fill(0): a =", a)

// Negative indices count from the end; ranges may step.
print("last column", a[.ellipsis, -1], " every other column", a[.all, .every(2)])

// Products, reductions along axes, and comparisons that give Booleans.
print("a times its transpose =", matmul(a, a.transposed()))
print("sum of each row", a.sum(axis: 1), " mean", a.mean().item())
print("above 3:", a .> 3)

// Random numbers come from generators with seeds: the same on any number of threads.
let generator = Generator(seed: 7)
print("noise", Tensor.normal([3], generator: generator))
