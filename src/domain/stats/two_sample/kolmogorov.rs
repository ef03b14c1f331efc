//! The distribution of Kolmogorov's statistic.

use super::super::{sample::count, tails::binomial_pmf};

const PI_2: f64 = std::f64::consts::PI * std::f64::consts::PI;

/// P(D ≥ x) for the two-sided statistic of n values, by the regions of Simard and L'Ecuyer (2011): the matrix of
/// Marsaglia, Tsang and Wang (2003) for n ≤ 140, twice the one-sided tail where that is exact to all digits, and the
/// expansion of Pelz and Good (1976) between.
pub fn kolmogorov_sf(n: usize, x: f64) -> f64 {
    let size = count(n);
    let (t, scaled) = (size * x, size * x * x);
    if x >= 1.0 {
        return 0.0;
    }
    if t <= 0.5 {
        return 1.0;
    }
    let p = if t <= 1.0 {
        // n!·(2x − 1/n)ⁿ
        1.0 - (1..=n).map(|i| (count(i) / size * (2.0 * t - 1.0)).ln()).sum::<f64>().exp()
    } else if x >= 0.5 || t >= size - 1.0 {
        2.0 * smirnov_sf(n, x)
    } else if n <= 140 {
        if scaled <= 4.0 { 1.0 - matrix_cdf(n, x) } else { 2.0 * smirnov_sf(n, x) }
    } else if scaled >= 370.0 {
        0.0
    } else if scaled >= 2.2 {
        2.0 * smirnov_sf(n, x)
    } else {
        1.0 - pelz_good_cdf(size, x)
    };
    p.clamp(0.0, 1.0)
}

/// Q(x) = 2·Σ (−1)^(k−1)·exp(−2k²x²), the limit of P(√n·D ≥ x) (Kolmogorov 1933); for small x by the theta transform.
pub fn kolmogorov_limit_sf(x: f64) -> f64 {
    if x <= 0.04 {
        return 1.0;
    }
    let p = if x < 1.0 {
        let term = |k: u32| {
            let odd = f64::from(2 * k - 1);
            (-odd * odd * PI_2 / (8.0 * x * x)).exp()
        };
        1.0 - (2.0 * std::f64::consts::PI).sqrt() / x * (1..=8).map(term).sum::<f64>()
    } else {
        let term = |k: u32| {
            let k = f64::from(k);
            (-2.0 * k * k * x * x).exp()
        };
        2.0 * (1..=10).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum::<f64>()
    };
    p.clamp(0.0, 1.0)
}

/// P(D⁺ ≥ x) = Σ_{j=0}^{⌊n(1−x)⌋} x/(x + j/n)·Bin(j; n, x + j/n) (Smirnov 1944; Birnbaum and Tingey 1951).
pub fn smirnov_sf(n: usize, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let size = count(n);
    let term = |j: usize| {
        let p = x + count(j) / size;
        if p < 1.0 { x / p * binomial_pmf(j, n, p) } else { 0.0 }
    };
    (0..n).take_while(|&j| count(j) <= size * (1.0 - x)).map(term).sum::<f64>().min(1.0)
}

/// P(D < x) by the n-th power of Durbin's matrix (Marsaglia, Tsang and Wang 2003).
fn matrix_cdf(n: usize, x: f64) -> f64 {
    let scaled = count(n) * x;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 < n·x < n")]
    let middle = scaled.floor() as usize;
    let h = count(middle + 1) - scaled;
    let size = 2 * middle + 1;
    let factorials: Vec<f64> = std::iter::once(1.0)
        .chain((1..=size).scan(1.0, |product, i| {
            *product *= count(i);
            Some(*product)
        }))
        .collect();
    let factorial = |i: usize| factorials.get(i).copied().unwrap_or(f64::INFINITY);
    let power = |i: usize| (0..i).fold(1.0, |product, _| product * h);
    let entry = |row: usize, column: usize| {
        if row + 1 < column {
            return 0.0;
        }
        let mut value = 1.0;
        if column == 0 {
            value -= power(row + 1);
        }
        if row == size - 1 {
            value -= power(size - column);
        }
        if row == size - 1 && column == 0 && 2.0 * h > 1.0 {
            value += (0..size).fold(1.0, |product, _| product * (2.0 * h - 1.0));
        }
        value / factorial(row + 1 - column)
    };
    let matrix: Vec<f64> = (0..size * size).map(|cell| entry(cell / size, cell % size)).collect();
    let (result, mut exponent) = power_of(&matrix, size, n);
    let mut value = result.get(middle * size + middle).copied().unwrap_or_default();
    for i in 1..=n {
        value *= count(i) / count(n);
        if value < 1e-140 {
            value *= 1e140;
            exponent -= 140;
        }
    }
    (value * 10.0_f64.powi(exponent)).clamp(0.0, 1.0)
}

/// A square matrix to the n-th, as (mantissas, power of ten).
fn power_of(matrix: &[f64], size: usize, n: usize) -> (Vec<f64>, i32) {
    if n <= 1 {
        return (matrix.to_vec(), 0);
    }
    let (half, exponent) = power_of(matrix, size, n / 2);
    let mut product = times(&half, &half, size);
    let mut exponent = 2 * exponent;
    if n % 2 == 1 {
        product = times(&product, matrix, size);
    }
    if product.get((size / 2) * size + size / 2).is_some_and(|&middle| middle > 1e140) {
        for value in &mut product {
            *value *= 1e-140;
        }
        exponent += 140;
    }
    (product, exponent)
}

fn times(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for (row, out) in left.chunks_exact(size).zip(product.chunks_exact_mut(size)) {
        for (&factor, other) in row.iter().zip(right.chunks_exact(size)) {
            out.iter_mut().zip(other).for_each(|(sum, &x)| *sum += factor * x);
        }
    }
    product
}

/// P(D ≤ x) by K₀ + K₁/√n + K₂/n + K₃/n^1.5 (Pelz and Good 1976), each in the form that converges fast for small x.
fn pelz_good_cdf(n: f64, x: f64) -> f64 {
    let z = n.sqrt() * x;
    if z < 0.05 {
        return 0.0;
    }
    let (z2, z4, z6) = (z * z, z.powi(4), z.powi(6));
    let (pi4, pi6) = (PI_2 * PI_2, PI_2 * PI_2 * PI_2);
    let polynomial = |m2: f64| {
        [
            1.0,
            -z2 + PI_2 / 4.0 * m2,
            6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * PI_2 / 4.0 * m2 + pi4 * (1.0 - 2.0 * z2) / 16.0 * m2 * m2,
            -30.0 * z6 - 90.0 * z4 * z4
                + PI_2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + pi4 * (-60.0 * z2 + 212.0 * z4) / 16.0 * m2 * m2
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m2 * m2 * m2,
        ]
    };
    let mut sums = [0.0; 4];
    for k in 1..=20_u32 {
        let odd = f64::from(2 * k - 1);
        let weight = (-PI_2 * odd * odd / (8.0 * z2)).exp();
        sums.iter_mut().zip(polynomial(odd * odd)).for_each(|(sum, value)| *sum += weight * value);
    }
    let root = (2.0 * std::f64::consts::PI).sqrt();
    let [k0, k1, k2, k3] = sums.map(|sum| sum * root);
    let (mut second, mut third) = (k2 / (72.0 * z.powi(7)), k3 / (6480.0 * z.powi(10)));
    for k in 1..=20_u32 {
        let k2 = f64::from(k * k);
        let weight = (-PI_2 * k2 / (2.0 * z2)).exp() * k2 * PI_2 * root;
        second -= weight / (36.0 * z2 * z);
        third += weight * (3.0 * z2 - PI_2 * k2) / (216.0 * z6);
    }
    k0 / z + k1 / (6.0 * z4 * n.sqrt()) + second / n + third / n.powf(1.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_gives_the_published_value() {
        // Marsaglia, Tsang and Wang (2003): K(10, 0.274) = 0.628479615400...
        assert!((matrix_cdf(10, 0.274) - 0.628_479_615_4).abs() < 1e-9);
    }

    #[test]
    fn the_methods_meet() {
        for x in [0.05, 0.06, 0.08, 0.1, 0.12] {
            let (matrix, series) = (1.0 - matrix_cdf(150, x), 1.0 - pelz_good_cdf(150.0, x));
            assert!((matrix - series).abs() < 3e-6, "{x}: {matrix} {series}");
        }
        let (matrix, one_sided) = (1.0 - matrix_cdf(140, 0.17), 2.0 * smirnov_sf(140, 0.17));
        assert!((matrix / one_sided - 1.0).abs() < 1e-8, "{matrix} {one_sided}");
        for x in [0.9, 0.95, 0.99, 1.0, 1.01, 1.1] {
            assert!((kolmogorov_limit_sf(x - 1e-9) - kolmogorov_limit_sf(x + 1e-9)).abs() < 1e-8);
        }
        assert!((kolmogorov_limit_sf(1.0) - 0.269_999_671_677_354_56).abs() < 1e-15);
    }

    #[test]
    fn smirnov_of_one_value_is_a_line() {
        for x in [0.1, 0.5, 0.9] {
            assert!((smirnov_sf(1, x) - (1.0 - x)).abs() < 1e-15);
            assert!((kolmogorov_sf(1, x) - (2.0 * (1.0 - x)).min(1.0)).abs() < 1e-14);
        }
    }
}
