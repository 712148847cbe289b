//! The survey service as a process of its own: `redress-survey CONFIG.toml`.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_chassis::runtime::run::<redress_survey::Survey>().await
}
