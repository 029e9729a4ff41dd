//! Exact shock tubes: a gas at rest meets one at higher pressure, in one dimension.
//!
//! From left to right: driver, rarefaction, expanded driver, contact, shocked gas, shock, gas at rest.
//! The shock is given by its Mach number, the contact by the ratio of the densities to its left and
//! right; the state of the driver follows. Ideal gas, `p = (γ − 1)ρε`; units of the gas at rest.

/// Density, velocity to the right, pressure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// Rest-mass density.
    pub density: f64,
    /// To the right.
    pub velocity: f64,
    /// Pressure.
    pub pressure: f64,
}

/// The solution a time t after the gases met at 0, as a function of ξ = x/t.
#[derive(Debug, Clone, Copy)]
pub struct Tube {
    gamma: f64,
    relativistic: bool,
    /// The gas at rest.
    pub rest: State,
    /// Behind the shock.
    pub shocked: State,
    /// Behind the contact.
    pub expanded: State,
    /// At rest on the left.
    pub driver: State,
    /// Of the shock.
    pub shock_speed: f64,
    /// Of sound in the driver: the head of the rarefaction moves at its negative.
    pub driver_sound: f64,
    /// Of the tail of the rarefaction.
    pub tail_speed: f64,
}

impl Tube {
    /// Euler's equations; density and pressure at rest are 1, so velocities are in √(p/ρ).
    ///
    /// Shock (Rankine 1870, Hugoniot 1887): `ρ₂ = (γ+1)M²/((γ−1)M²+2)`, `p₂ = 1 + 2γ(M²−1)/(γ+1)`,
    /// speed `W = M√γ`, `u₂ = W(1 − 1/ρ₂)`. Rarefaction: `u + 2c/(γ−1)` and `p/ρ^γ` are constant.
    pub fn classical(gamma: f64, mach: f64, contact_ratio: f64) -> Self {
        let rest = State { density: 1.0, velocity: 0.0, pressure: 1.0 };
        let m2 = mach * mach;
        let density = (gamma + 1.0) * m2 / ((gamma - 1.0) * m2 + 2.0);
        let pressure = 1.0 + 2.0 * gamma / (gamma + 1.0) * (m2 - 1.0);
        let shock_speed = mach * gamma.sqrt();
        let velocity = shock_speed * (1.0 - 1.0 / density);
        let shocked = State { density, velocity, pressure };
        let expanded = State { density: contact_ratio * density, ..shocked };
        let sound = (gamma * pressure / expanded.density).sqrt();
        let driver_sound = sound + 0.5 * (gamma - 1.0) * velocity;
        let growth = libm::pow(driver_sound / sound, 2.0 / (gamma - 1.0));
        let density = expanded.density * growth;
        let pressure = density * driver_sound * driver_sound / gamma;
        Self {
            gamma,
            relativistic: false,
            rest,
            shocked,
            expanded,
            driver: State { density, velocity: 0.0, pressure },
            shock_speed,
            driver_sound,
            tail_speed: velocity - sound,
        }
    }

    /// Relativistic hydrodynamics; the density at rest and the speed of light are 1, and `temperature`
    /// is p/ρ at rest.
    ///
    /// Shock: Taub's adiabat `h₂² − h₁² = (h₁/ρ₁ + h₂/ρ₂)(p₂ − p₁)` (Taub 1948) and the mass flux
    /// `j² = (p₂ − p₁)/(h₁/ρ₁ − h₂/ρ₂)`, which is `ρ₁ W V` of the shock, given by the relativistic Mach
    /// number `M = W V/W_c c` (Königl 1980). Rarefaction: `artanh v + (2/√(γ−1)) artanh(c/√(γ−1))` and
    /// `p/ρ^γ` are constant (Martí & Müller 2003).
    pub fn relativistic(gamma: f64, temperature: f64, mach: f64, contact_ratio: f64) -> Self {
        let rest = State { density: 1.0, velocity: 0.0, pressure: temperature };
        let (sound, enthalpy) = sound_and_enthalpy(gamma, rest);
        let flux = mach * sound / (1.0 - sound * sound).sqrt();
        let behind = |pressure: f64| {
            let drop = rest.pressure - pressure;
            let part = (gamma - 1.0) * drop / (gamma * pressure);
            let (a, b) = (1.0 + part, -part);
            let c = enthalpy * drop - enthalpy * enthalpy;
            let h = (-b + (b * b - 4.0 * a * c).sqrt()) / (2.0 * a);
            (h, gamma * pressure / ((gamma - 1.0) * (h - 1.0)))
        };
        // Below 0 between the trivial solution, no shock, and the true one.
        let excess = |pressure: f64| {
            let (h, density) = behind(pressure);
            pressure - rest.pressure + flux * flux * (h / density - enthalpy)
        };
        let mut high = 2.0 * temperature;
        while excess(high) < 0.0 {
            high *= 2.0;
        }
        let pressure = root((1.0 + 1e-6) * temperature, high, excess);
        let rise = pressure - rest.pressure;
        let lorentz = (1.0 + flux * flux).sqrt();
        let velocity = lorentz * rise / flux / (enthalpy + rise);
        let shocked = State { density: behind(pressure).1, velocity, pressure };
        let expanded = State { density: contact_ratio * shocked.density, ..shocked };
        let (sound, _) = sound_and_enthalpy(gamma, expanded);
        let s = (gamma - 1.0).sqrt();
        let driver_sound = s * libm::tanh(libm::atanh(sound / s) + 0.5 * s * libm::atanh(velocity));
        Self {
            gamma,
            relativistic: true,
            rest,
            shocked,
            expanded,
            driver: isentrope(gamma, expanded, driver_sound, 0.0),
            shock_speed: flux / lorentz,
            driver_sound,
            tail_speed: (velocity - sound) / (1.0 - velocity * sound),
        }
    }

    /// The state left of the contact at ξ = x/t: driver, rarefaction or expanded driver.
    pub fn behind_contact(&self, xi: f64) -> State {
        if xi <= -self.driver_sound {
            return self.driver;
        }
        if xi >= self.tail_speed {
            return self.expanded;
        }
        let gamma = self.gamma;
        if self.relativistic {
            // artanh ξ = artanh v − artanh c on the wave that is at ξ.
            let s = (gamma - 1.0).sqrt();
            let invariant = |c: f64| 2.0 / s * libm::atanh(c / s);
            let want = invariant(self.driver_sound) - libm::atanh(xi);
            let least = sound_and_enthalpy(gamma, self.expanded).0;
            let c = root(least, self.driver_sound, |c| libm::atanh(c) + invariant(c) - want);
            isentrope(gamma, self.expanded, c, libm::tanh(libm::atanh(xi) + libm::atanh(c)))
        } else {
            let velocity = 2.0 / (gamma + 1.0) * (self.driver_sound + xi);
            let sound = self.driver_sound - 0.5 * (gamma - 1.0) * velocity;
            let part = libm::pow(sound / self.driver_sound, 2.0 / (gamma - 1.0));
            let density = self.driver.density * part;
            State { density, velocity, pressure: density * sound * sound / gamma }
        }
    }
}

/// Speed of sound and specific enthalpy of a relativistic gas: `h = 1 + γp/(γ−1)ρ`, `c² = γp/ρh`.
fn sound_and_enthalpy(gamma: f64, state: State) -> (f64, f64) {
    let ratio = gamma * state.pressure / state.density;
    let enthalpy = 1.0 + ratio / (gamma - 1.0);
    ((ratio / enthalpy).sqrt(), enthalpy)
}

/// The relativistic gas of the entropy of `other` with this speed of sound and velocity.
fn isentrope(gamma: f64, other: State, sound: f64, velocity: f64) -> State {
    // From c² = (γ − 1)(h − 1)/h.
    let enthalpy = 1.0 / (1.0 - sound * sound / (gamma - 1.0));
    let ratio = (enthalpy - 1.0) * (gamma - 1.0) / gamma;
    let growth = ratio * other.density / other.pressure;
    let density = other.density * libm::pow(growth, 1.0 / (gamma - 1.0));
    State { density, velocity, pressure: ratio * density }
}

/// Where a function that is below 0 at `low` and not at `high` passes 0, by halving.
fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}
