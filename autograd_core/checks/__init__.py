"""Checks of gradients: the engine's against finite differences, and yours against the engine's."""

from .derivation import DerivationReport, check_derivation
from .gradcheck import GradcheckError, GradcheckReport, gradcheck, gradgradcheck

__all__ = ["DerivationReport", "GradcheckError", "GradcheckReport", "check_derivation", "gradcheck", "gradgradcheck"]
