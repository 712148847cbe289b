//! What crosses services, in one binary: `cargo xtask test -- -p redress-tests <module>::`.

#[cfg(test)]
mod tidy;
