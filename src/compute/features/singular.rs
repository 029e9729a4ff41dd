//! Bidiagonal forms of many small matrices at once, by Householder reflections: the first half of
//! [`crate::features::singular`], of which the second half, on few numbers, stays on the host. One step
//! reflects a column and a row of every matrix away.

use tch::Tensor;

use super::{Torch, sum};

/// Of matrices `[B, H, W]`, which it spoils: `[B, 2 n − 1]` with n = min(H, W), the diagonal and then the
/// line above it.
pub fn bidiagonal(matrices: Tensor) -> Torch {
    let size = matrices.size();
    // At least as many rows as columns.
    let a =
        if size[1] >= size[2] { matrices } else { matrices.f_transpose(1, 2)?.f_contiguous()? };
    let (rows, n) = (a.size()[1], a.size()[2]);
    let (mut diagonal, mut above) = (Vec::new(), Vec::new());
    for k in 0..n {
        let rest = |t: &Tensor| t.f_narrow(2, k + 1, n - k - 1);
        let (image, left, factor) = reflector(&a.f_narrow(1, k, rows - k)?.f_narrow(2, k, 1)?)?;
        diagonal.push(image);
        if k + 1 == n {
            break;
        }
        // [B, 1, n − k − 1]: what the reflection from the left takes from every row, times the vector.
        let tail = rest(&a.f_narrow(1, k, rows - k)?)?;
        let sums = left.f_transpose(1, 2)?.f_bmm(&tail)?.f_mul(&factor)?;
        let row = tail.f_narrow(1, 0, 1)?.f_sub(&sums.f_mul(&left.f_narrow(1, 0, 1)?)?)?;
        let (image, right, across) = reflector(&row.f_transpose(1, 2)?)?;
        above.push(image);
        if rows - k == 1 {
            break;
        }
        // Both reflections of the rows below, as one change of rank two.
        let mut below = tail.f_narrow(1, 1, rows - k - 1)?;
        let left = left.f_narrow(1, 1, rows - k - 1)?;
        let along = below.f_bmm(&right)?.f_sub(&left.f_mul(&sums.f_bmm(&right)?)?)?;
        let columns = Tensor::f_cat(&[left, along.f_mul(&across)?], 2)?.f_neg()?;
        let lines = Tensor::f_cat(&[sums, right.f_transpose(1, 2)?], 1)?;
        let _ = below.f_baddbmm_(&columns, &lines)?;
    }
    diagonal.append(&mut above);
    Tensor::f_cat(&diagonal, 1)?.f_flatten(1, 2)
}

/// Of columns x `[B, K, 1]` the image `[B, 1, 1]`, the vector v `[B, K, 1]` and β `[B, 1, 1]` such that
/// `(1 − β v vᵀ) x = (image, 0, …)`.
fn reflector(x: &Tensor) -> Torch<(Tensor, Tensor, Tensor)> {
    let head = x.f_narrow(1, 0, 1)?;
    let tail = x.f_narrow(1, 1, x.size()[1] - 1)?;
    let squares = sum(&tail.f_mul(&tail)?.f_transpose(1, 2)?, true)?;
    let nothing = squares.f_eq(0.0)?;
    let length = head.f_mul(&head)?.f_add(&squares)?.f_sqrt()?;
    let image = head.f_where_self(&nothing, &length.f_copysign(&head)?.f_neg()?)?;
    let first = head.f_where_self(&nothing, &head.f_sub(&image)?)?;
    let factor = first.f_mul(&first)?.f_add(&squares)?.f_reciprocal()?.f_mul_scalar(2.0)?;
    let factor = factor.f_zeros_like()?.f_where_self(&nothing, &factor)?;
    Ok((image, Tensor::f_cat(&[first, tail], 1)?, factor))
}
