//! The triage service as a process of its own: `redress-triage CONFIG.toml`.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_chassis::runtime::run::<redress_triage::Triage>().await
}
